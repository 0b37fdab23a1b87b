// The page of plain text beside an identify's result.

#include <fmt/format.h>

#include <algorithm>

#include "experiments/identify/verdict.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.3g}", value.get<double>()) : "none";
}

std::string interval(const json& value) {
  const auto& ends = value.at("ci95");
  if (!ends[0].is_number()) return number(value.at("mean"));
  return fmt::format("{} [{}, {}]", number(value.at("mean")), number(ends[0]), number(ends[1]));
}

std::string channels(const json& list) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(list.size(), 16); ++i) text += (i ? ", " : "") + list[i].dump();
  return list.size() > 16 ? fmt::format("{} and {} more", text, list.size() - 16) : text;
}

std::string signals(const json& sets) {
  std::string text;
  for (const auto& set : sets) {
    const auto& dimensions = set.at("dimensions");
    text += (text.empty() ? "" : "; ") +
            (dimensions.empty()
                 ? std::string("a direction")
                 : fmt::format("{} {}", dimensions.size() == 1 ? "channel" : "channels", channels(dimensions)));
  }
  return text;
}

std::string massive_activation(const json& results) {
  const auto& massive = results.at("sink_baseline").at("massive_activation");
  if (massive.is_null()) return "No block below the sink writes a massive activation at token 0.\n";
  return fmt::format(
      "The massive activation is written at {}, norm {} against {} elsewhere; {} of the {} dimensions that hold 99 % "
      "of "
      "it: {}.\n",
      text_at(massive, "site"), number(massive.at("norm")), number(massive.at("norm_at_others")),
      massive.at("dimensions").size(), massive.at("holding_99_percent").dump(), channels(massive.at("dimensions")));
}

/// The unedited levels, of the half that tests.
std::string levels(const json& results) {
  if (results.at("trials").empty()) return {};
  const auto& trial = results.at("trials")[0];
  const auto& tracked = trial.at("mean_attention");
  return fmt::format("Read in layer {}: token 0 gets {}, token {} {}, an ordinary token {} of the attention.\n",
                     results.at("sink_layer").dump(), number(tracked[0].at("unedited")), tracked[1].at("token").dump(),
                     number(tracked[1].at("unedited")), number(trial.at("ordinary").at("unedited")));
}

std::string blocks(const json& results) {
  std::string needed;
  for (const auto& block : results.at("blocks")) {
    if (block.at("ends_sink").get<bool>()) needed += (needed.empty() ? "" : ", ") + text_at(block, "site");
  }
  return fmt::format("Block outputs that token 0's sink needs (not a later token's mean instead): {}.\n",
                     needed.empty() ? "none by itself" : needed);
}

std::string sites(const json& results) {
  std::string text = "\nWhat each residual says, token 0's attention and the later token's:\n";
  for (const auto& site : results.at("sites")) {
    const auto both = [&](const char* which) {
      const auto& level = site.at("levels").at(which);
      return fmt::format("{} and {}", number(level.at("first")), number(level.at("later")));
    };
    text += fmt::format("  {:24} token 0's row written: {}; its mean: {}; removed: {}. {}\n", text_at(site, "site"),
                        both("own"), both("whole"), both("removed"),
                        !site.at("sufficient").empty()          ? signals(site.at("sufficient"))
                        : site.at("level_suffices").get<bool>() ? "no set found"
                        : site.at("own_suffices").get<bool>()   ? "a pattern of each sample, no level"
                                                                : "makes no sink");
  }
  return text;
}

std::string conditions(const json& candidate) {
  std::string text;
  for (const auto& c : candidate.at("conditions")) {
    const auto of =
        c.at("set").is_null()
            ? std::string()
            : fmt::format(" ({})", signals(json::array({candidate.at("sufficient")[c.at("set").get<size_t>()]})));
    auto value = interval(c.at("value"));
    if (text_at(c, "name") == "controls") {
      const double n = c.at("value").at("n").get<double>();
      value = fmt::format("{:.0f} of {:.0f}", c.at("value").at("mean").get<double>() * n, n);
    }
    const auto met = text_at(c, "met");
    text += fmt::format("  {:4} {}{}: {}\n       {}\n", met == "no" ? "NO" : met, text_at(c, "name"), of, value,
                        text_at(c, "what"));
  }
  return text;
}

/// What a doubter asks of a trial beside the rule: does it hold with the norms' scales frozen, were the values natural?
std::string honesty(size_t candidate, const json& results) {
  std::string text;
  for (const auto& trial : results.at("trials")) {
    if (trial.at("about").value("candidate", results.at("candidates").size()) != candidate) continue;
    if (const auto& outside = trial.at("outside_natural_range");
        !outside.is_null() && outside.at("flagged").get<bool>()) {
      text += fmt::format("  note {}: dimension {} leaves its natural range in {} of the samples\n",
                          text_at(trial, "name"), outside.at("dimension").dump(), number(outside.at("largest")));
    }
    if (trial.at("frozen").is_null()) continue;
    text += fmt::format("  note {}, norms' scales frozen: token 0 {}, the later token {}; free: {}, {}\n",
                        text_at(trial, "name"), interval(trial.at("frozen")[0]), interval(trial.at("frozen")[1]),
                        interval(trial.at("mean_attention")[0].at("difference")),
                        interval(trial.at("mean_attention")[1].at("difference")));
  }
  return text;
}

std::string role(const json& candidate, const json& verdict) {
  if (candidate.at("passes").get<bool>()) {
    return candidate.at("site") == verdict.at("signal").at("site") ? "the signal: meets every condition"
                                                                   : "a mediator: meets every condition, later";
  }
  return candidate.at("refuted").get<bool>() ? "does not meet the rule"
                                             : "open: fails no condition, but not all are met";
}

std::string suspects(const json& results) {
  std::string text;
  for (const auto& suspect : results.at("suspects")) {
    text += fmt::format("- Channel {} at {} (effect size {}, AUC {}, p {}) {}: written {}, removed {}.\n",
                        suspect.at("dimension").dump(), text_at(suspect, "site"), number(suspect.at("effect_size")),
                        number(suspect.at("auc")), number(suspect.at("p")), text_at(suspect, "reading"),
                        interval(suspect.at("written")), interval(suspect.at("removed")));
  }
  for (const auto& dormant : results.at("dormant")) {
    text += fmt::format(
        "- DORMANT: channel {} makes a sink when moved by {}, but natural tokens move it by {} of that: it never "
        "gives the signal.\n",
        dormant.at("dimension").dump(), number(dormant.at("moved_by")), number(dormant.at("natural_share")));
  }
  return text;
}

std::string backup(const json& found) {
  if (found.is_null() || !found.at("sink_stays").get<bool>()) return {};
  if (!found.at("flagged").get<bool>()) {
    return fmt::format(
        "- The massive activation named above is not what the sink needs: those dimensions clamped, token 0 keeps "
        "{}.\n",
        interval(found.at("sink_left")));
  }
  std::string writers;
  for (const auto& block : found.at("blocks")) {
    writers += fmt::format("{}the MLP of layer {} (norm {}, before {})", writers.empty() ? "" : ", ",
                           block.at("layer").dump(), number(block.at("written")), number(block.at("without")));
  }
  return fmt::format(
      "- BACKUP: with the massive activation clamped the sink stays ({}), since then another writes one: {}.\n",
      interval(found.at("sink_left")), writers);
}

std::string beside(const json& results) {
  const auto& alone = results.at("self_only");
  auto text =
      fmt::format("- Token {} {} a sink when it sees only itself in layers 0 to {}.\n", alone.at("token").dump(),
                  alone.at("makes_sink").get<bool>() ? "becomes" : "does NOT become", alone.at("last_layer").dump());
  if (alone.at("makes_sink").get<bool>()) {
    const auto& one = results.at("one_key");
    text += fmt::format(
        "- What gives the signal is: {}. A row that sees exactly one other key gets {}, one that sees itself {}.\n",
        text_at(one, "given_by"), interval(one.at("one_key")), interval(one.at("itself")));
  }
  return text + suspects(results) + backup(results.at("backup"));
}

std::string by_layer(const json& results) {
  const auto& attention = results.at("sink_baseline").at("mean_attention");
  std::string text = "\nAttention by layer, to token 0 and to an ordinary token:\n";
  for (size_t layer = 0; layer < attention.at("first").size(); ++layer) {
    text += fmt::format("  layer {:2}: {} and {}\n", layer, number(attention.at("first")[layer]),
                        number(attention.at("ordinary")[layer]));
  }
  return text + fmt::format(
                    "A sink is wanted in {}.\n\nWhat would overturn this: samples of another kind on which a layer "
                    "meets that.\nValues are means over all samples.\n",
                    text_at(results.at("sink_baseline"), "sink_layer_rule"));
}

}  // namespace

std::string page(const json& results, const std::string& model, const std::string& measured) {
  const auto& verdict = results.at("verdict");
  auto text = fmt::format("What tells {} which token is first?\n\nAnswer: {}\n{}\n\n{}\n", model,
                          text_at(verdict, "kind"), text_at(verdict, "statement"), measured);
  if (verdict.at("kind") == "no sink") return text + by_layer(results);
  text += levels(results) + massive_activation(results) + blocks(results) + sites(results);
  for (size_t i = 0; i < results.at("candidates").size(); ++i) {
    const auto& candidate = results.at("candidates")[i];
    text +=
        fmt::format("\nCandidate at {}, {}: {}\n{}{}", text_at(candidate, "site"), signals(candidate.at("sufficient")),
                    role(candidate, verdict), conditions(candidate), honesty(i, results));
  }
  return text + "\nBeside it:\n" + beside(results) +
         "\nWhat would overturn this: a candidate that stands earlier in the pass and meets every condition; samples "
         "of "
         "another kind on which a condition fails; a signal that is no level but a pattern of each sample's own, "
         "which "
         "this test does not look for (above, a residual whose own row makes a sink and whose mean does not).\n"
         "Conditions and what stands beside them are means with 95 % intervals over documents that had no part in "
         "choosing. What each residual says, the needed blocks, whether self-only makes a sink, effect sizes, AUC and "
         "natural shares are of the documents that chose; the sink's layer and the block that writes token 0 apart, of "
         "all.\n";
}

}  // namespace sinkscope::experiments::identification
