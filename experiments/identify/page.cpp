// The page of plain text beside an identify's result.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

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
  if (massive.is_null()) return "- No block below the sink writes a massive activation at token 0.\n";
  const auto& dimensions = massive.at("dimensions");
  return fmt::format(
      "- Massive activation: {} writes it, with norm {} at token 0 and {} at other tokens. Largest of the {} "
      "dimensions "
      "that hold 99 % of it: {}.\n",
      text_at(massive, "site"), number(massive.at("norm")), number(massive.at("norm_at_others")),
      massive.at("holding_99_percent").dump(), channels(dimensions));
}

/// The unedited levels, of the half that tests.
std::string levels(const json& results) {
  if (results.at("trials").empty()) return {};
  const auto& trial = results.at("trials")[0];
  const auto& tracked = trial.at("mean_attention");
  return fmt::format("- Attention in layer {}, unedited: {} to token 0, {} to token {}, {} to an ordinary token.\n",
                     results.at("sink_layer").dump(), number(tracked[0].at("unedited")),
                     number(tracked[1].at("unedited")), tracked[1].at("token").dump(),
                     number(trial.at("ordinary").at("unedited")));
}

std::string blocks(const json& results) {
  std::string needed;
  for (const auto& block : results.at("blocks")) {
    if (block.at("ends_sink").get<bool>()) needed += (needed.empty() ? "" : ", ") + text_at(block, "site");
  }
  return fmt::format("- Block outputs that the sink needs: {}.\n", needed.empty() ? "none by itself" : needed);
}

std::string found_at(const json& site) {
  if (!site.at("sufficient").empty()) return signals(site.at("sufficient"));
  if (site.at("level_suffices").get<bool>()) return "a fixed level makes a sink, no smaller set found";
  if (site.at("own_suffices").get<bool>()) return "each sample's own row makes a sink, no fixed level does";
  return "no sink";
}

std::string sites(const json& results) {
  static constexpr char kRow[] = "{:<26} {:<17} {:<17} {:<17} {}\n";
  const auto token = results.at("self_only").at("token").dump();
  auto text = "\nWhere the residual holds it\n\n" +
              fmt::format("Each cell: attention to token 0, attention to token {}.\n", token) +
              fmt::format(kRow, "residual", "own row written", "mean row written", "removed", "signal found");
  for (const auto& site : results.at("sites")) {
    const auto both = [&](const char* which) {
      const auto& level = site.at("levels").at(which);
      return fmt::format("{}, {}", number(level.at("first")), number(level.at("later")));
    };
    text += fmt::format(kRow, text_at(site, "site"), both("own"), both("whole"), both("removed"), found_at(site));
  }
  return text;
}

/// A condition of the rule as a claim, and the bar that its number must reach.
struct Claim {
  const char *condition, *text, *bar;
};

constexpr char kAtMost[] = "at most 0", kAtLeast[] = "at least 0";
constexpr Claim kClaims[] = {
    {"removed", "Removing it ends the sink", kAtMost},
    {"written", "Writing it makes a later token a sink", kAtLeast},
    {"written, over competition", "The written sink is far above ordinary tokens", kAtLeast},
    {"copied from self-only", "Copying it from the self-only run makes a sink", kAtLeast},
    {"copied from self-only, over competition", "The copied sink is far above ordinary tokens", kAtLeast},
    {"controls", "Random moves of the same size do neither", "at most 5 %, or 1"},
    {"predicted by self-only", "Seeing only itself gives a token the signal", kAtLeast},
    {"clamped under self-only", "Clamping it there ends the self-only token's sink", kAtMost},
};

const Claim& claim_of(const json& condition) {
  const auto name = text_at(condition, "name");
  const auto* found =
      std::find_if(std::begin(kClaims), std::end(kClaims), [&](const Claim& claim) { return claim.condition == name; });
  if (found == std::end(kClaims)) throw std::logic_error("identify: no claim for condition '" + name + "'");
  return *found;
}

std::string value_of(const json& condition) {
  const auto& value = condition.at("value");
  if (text_at(condition, "name") != "controls") return interval(value);
  const double n = value.at("n").get<double>();
  return fmt::format("{:.0f} of {:.0f}", value.at("mean").get<double>() * n, n);
}

std::string conditions(const json& candidate) {
  static constexpr char kRow[] = "  {:<50} {:<30} {:<18} {}\n";
  auto text = fmt::format(kRow, "claim", "value [95 % interval]", "bar", "met");
  json of;
  for (const auto& c : candidate.at("conditions")) {
    if (c.at("set") != of) {
      of = c.at("set");
      text += of.is_null()
                  ? std::string("  all together\n")
                  : fmt::format("  {}\n", signals(json::array({candidate.at("sufficient")[of.get<size_t>()]})));
    }
    const auto& claim = claim_of(c);
    const auto met = text_at(c, "met");
    text += fmt::format(kRow, claim.text, value_of(c), claim.bar, met == "no" ? "NO" : met);
  }
  return text;
}

/// What else a reader asks of a trial: does it hold with the norms' scales frozen, were the values natural?
std::string honesty(size_t candidate, const json& results) {
  std::string outside_range, frozen;
  for (const auto& trial : results.at("trials")) {
    if (trial.at("about").value("candidate", results.at("candidates").size()) != candidate) continue;
    if (const auto& outside = trial.at("outside_natural_range");
        !outside.is_null() && outside.at("flagged").get<bool>()) {
      outside_range += fmt::format("    {}: dimension {}, share of samples {}\n", text_at(trial, "name"),
                                   outside.at("dimension").dump(), number(outside.at("largest")));
    }
    if (trial.at("frozen").is_null()) continue;
    frozen += fmt::format("    {}\n      frozen {}, {}; free {}, {}\n", text_at(trial, "name"),
                          interval(trial.at("frozen")[0]), interval(trial.at("frozen")[1]),
                          interval(trial.at("mean_attention")[0].at("difference")),
                          interval(trial.at("mean_attention")[1].at("difference")));
  }
  return (outside_range.empty() ? "" : "\n  Edits that leave the natural range\n" + outside_range) +
         (frozen.empty() ? ""
                         : "\n  Change of attention to token 0 and to the later token, the norms' scales frozen and "
                           "free\n" +
                               frozen);
}

std::string role(const json& candidate, const json& verdict) {
  if (candidate.at("passes").get<bool>()) {
    return candidate.at("site") == verdict.at("signal").at("site") ? "the signal (meets every condition, earliest)"
                                                                   : "a mediator (meets every condition, later)";
  }
  return candidate.at("refuted").get<bool>() ? "refuted (fails a condition)"
                                             : "open (fails no condition, some are open)";
}

std::string suspects(const json& results) {
  std::string text;
  for (const auto& suspect : results.at("suspects")) {
    text += fmt::format(
        "- Channel {} at {} {} (effect size {}, AUC {}, p {}). Change of attention: written {}, removed {}.\n",
        suspect.at("dimension").dump(), text_at(suspect, "site"),
        text_at(suspect, "reading") == "undecided" ? "is undecided" : text_at(suspect, "reading"),
        number(suspect.at("effect_size")), number(suspect.at("auc")), number(suspect.at("p")),
        interval(suspect.at("written")), interval(suspect.at("removed")));
  }
  for (const auto& dormant : results.at("dormant")) {
    text += fmt::format(
        "- DORMANT: channel {} makes a sink when moved by {}, but natural tokens move it by only {} of that, so it "
        "does not carry the signal.\n",
        dormant.at("dimension").dump(), number(dormant.at("moved_by")), number(dormant.at("natural_share")));
  }
  return text;
}

std::string backup(const json& found) {
  if (found.is_null() || !found.at("sink_stays").get<bool>()) return {};
  if (!found.at("flagged").get<bool>()) {
    return fmt::format(
        "- The sink does not need the massive activation named above: with its dimensions clamped, token 0 keeps {}.\n",
        interval(found.at("sink_left")));
  }
  std::string writers;
  for (const auto& block : found.at("blocks")) {
    writers += fmt::format("{}the MLP of layer {} (norm {}, before {})", writers.empty() ? "" : ", ",
                           block.at("layer").dump(), number(block.at("written")), number(block.at("without")));
  }
  return fmt::format(
      "- BACKUP: with the massive activation clamped the sink stays ({}), because another block then writes one: {}.\n",
      interval(found.at("sink_left")), writers);
}

std::string beside(const json& results) {
  const auto& alone = results.at("self_only");
  const bool makes_sink = alone.at("makes_sink").get<bool>();
  auto text =
      fmt::format("- Token {} {} a sink when it sees only itself in layers 0 to {}.\n", alone.at("token").dump(),
                  makes_sink ? "becomes" : "does NOT become", alone.at("last_layer").dump());
  if (makes_sink) {
    const auto& one = results.at("one_key");
    const auto by = text_at(one, "given_by");
    text += fmt::format("- {} A token that sees exactly one other key gets {}, one that sees only itself {}.\n",
                        by == "one key"  ? "Seeing one other key gives the signal, as seeing only itself does."
                        : by == "itself" ? "Seeing only itself gives the signal; seeing one other key does not."
                                         : "These samples do not tell whether one other key gives the signal too.",
                        interval(one.at("one_key")), interval(one.at("itself")));
  }
  return text + suspects(results) + backup(results.at("backup"));
}

std::string by_layer(const json& results) {
  const auto& attention = results.at("sink_baseline").at("mean_attention");
  std::string text = "\nAttention by layer, to token 0 and to an ordinary token\n\n";
  for (size_t layer = 0; layer < attention.at("first").size(); ++layer) {
    text += fmt::format("  layer {:2}: {} and {}\n", layer, number(attention.at("first")[layer]),
                        number(attention.at("ordinary")[layer]));
  }
  return text + fmt::format(
                    "\nWhat would overturn this\n\n- Samples of another kind in which a layer has a sink.\n\n"
                    "Definitions\n\n- Sink: {}.\n- Values are means over all samples.\n",
                    text_at(results.at("sink_baseline"), "sink_layer_rule"));
}

constexpr char kOverturn[] =
    "\nWhat would overturn this\n\n"
    "- An earlier candidate that meets every condition.\n"
    "- Samples of another kind in which a condition fails.\n"
    "- A signal that is a pattern of each sample's own and no fixed level. This test does not look for one.\n";

constexpr char kTerms[] =
    "- Met: yes if the whole 95 % interval is on the right side of the bar, NO if it is on the wrong side, open if it "
    "contains the bar.\n"
    "- Refuted: a condition is NO. Open: no condition is NO, but not all are yes.\n"
    "- Ordinary token: one of tokens 4 to 8 that is neither tracked nor edited.\n"
    "- Written: the later token gets token 0's values. Own row: of the same sample. Mean row: the mean over samples.\n"
    "- Removed, clamped: token 0, or a token that sees only itself, gets the later token's ordinary (mean) values.\n"
    "- Self-only: the later token sees only itself in the first layers.\n"
    "- Needed block output: the sink ends if token 0 gets the later token's mean output of that block instead.\n"
    "- DORMANT and BACKUP mark channels and blocks that could make a sink, but have no part in that of the unedited "
    "model.\n"
    "- Conditions, intervals and changes of attention: documents that had no part in choosing candidates. Residuals, "
    "needed blocks, effect sizes, AUC and natural shares: documents that chose. The sink's layer and the massive "
    "activation: all documents.\n";

/// What each claim's number is, once.
std::string definitions(const json& results) {
  std::string text = "\nDefinitions\n\n";
  for (const auto& claim : kClaims) {
    for (const auto& candidate : results.at("candidates")) {
      const auto& list = candidate.at("conditions");
      const auto found =
          std::find_if(list.begin(), list.end(), [&](const json& c) { return text_at(c, "name") == claim.condition; });
      if (found == list.end()) continue;
      text += fmt::format("- {}: {}.\n", claim.text, text_at(*found, "what"));
      break;
    }
  }
  return text + kTerms;
}

}  // namespace

std::string page(const json& results, const std::string& model, const std::string& measured) {
  const auto& verdict = results.at("verdict");
  auto text = fmt::format("What tells {} which token is first?\n\nAnswer: {}\n{}\n\n{}\n", model,
                          text_at(verdict, "kind"), text_at(verdict, "statement"), measured);
  if (verdict.at("kind") == "no sink") return text + by_layer(results);
  text += "\nThe sink\n\n" + levels(results) + massive_activation(results) + blocks(results) + sites(results);
  for (size_t i = 0; i < results.at("candidates").size(); ++i) {
    const auto& candidate = results.at("candidates")[i];
    text += fmt::format("\nCandidate at {}, {}: {}\n\n{}{}", text_at(candidate, "site"),
                        signals(candidate.at("sufficient")), role(candidate, verdict), conditions(candidate),
                        honesty(i, results));
  }
  return text + "\nAlso measured\n\n" + beside(results) + kOverturn + definitions(results);
}

}  // namespace sinkscope::experiments::identification
