// The page of plain text beside an identify's result.

#include <fmt/format.h>

#include "verdict.h"

namespace sinkscope::experiments::carrier {
namespace {

using nlohmann::json;

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.3g}", value.get<double>()) : "none";
}

std::string interval(const json& value) {
  return fmt::format("{} [{}, {}]", number(value.at("mean")), number(value.at("ci95")[0]), number(value.at("ci95")[1]));
}

std::string conditions(const json& candidate) {
  std::string text;
  for (const auto& c : candidate.at("conditions")) {
    text += fmt::format("  {:4} {}: {}\n       {}\n", c.at("met").get<bool>() ? "yes" : "NO",
                        c.at("name").get<std::string>(), interval(c.at("value")), c.at("what").get<std::string>());
  }
  return text;
}

std::string facts(const json& results) {
  const auto& facts = results.at("facts");
  auto text = fmt::format("The sink appears in layer {}.", facts.at("sink_layer").dump());
  if (facts.at("spike").is_null()) {
    return text + " No block below it writes a massive activation at token 0 by the relative rule.\n";
  }
  const auto& spike = facts.at("spike");
  return text + fmt::format(" The massive activation is written at {}, dimensions {}: norm {} against {} elsewhere.\n",
                            spike.at("site").get<std::string>(), spike.at("dimensions").dump(),
                            number(spike.at("norm")), number(spike.at("norm_at_others")));
}

std::string beside(const json& results) {
  std::string text;
  if (const auto& alone = results.at("self_only"); !alone.is_null()) {
    text +=
        fmt::format("- Token {} {} a sink when it sees only itself in layers 0 to {}.\n", alone.at("token").dump(),
                    alone.at("makes_sink").get<bool>() ? "becomes" : "does NOT become", alone.at("last_layer").dump());
  }
  if (const auto& one = results.at("one_key"); !one.is_null()) {
    text +=
        fmt::format("- What marks is: {}. A row that sees exactly one other key gets {}, one that sees itself {}.\n",
                    one.at("mark").get<std::string>(), interval(one.at("one_key")), interval(one.at("itself")));
  }
  for (const auto& suspect : results.at("suspects")) {
    text += fmt::format("- Channel {} (effect size {}, AUC {}) {}: written {}, removed {}.\n",
                        suspect.at("dimension").dump(), number(suspect.at("effect_size")), number(suspect.at("auc")),
                        suspect.at("reading").get<std::string>(), interval(suspect.at("written")),
                        interval(suspect.at("removed")));
  }
  for (const auto& dormant : results.at("dormant")) {
    text += fmt::format(
        "- DORMANT: channel {} makes a sink when moved by {}, but natural tokens move it by {} of that: it never "
        "marks.\n",
        dormant.at("dimension").dump(), number(dormant.at("moved_by")), number(dormant.at("natural_share")));
  }
  const auto& backup = results.at("backup");
  if (backup.is_null() || !backup.at("sink_stays").get<bool>()) return text;
  if (backup.at("flagged").get<bool>()) {
    return text + fmt::format("- BACKUP: with the spike clamped the sink stays ({}); blocks that then write one: {}.\n",
                              interval(backup.at("sink_left")), backup.at("blocks").dump());
  }
  return text +
         fmt::format(
             "- The spike named above is not what the sink needs: with its dimensions clamped token 0 keeps {}.\n",
             interval(backup.at("sink_left")));
}

}  // namespace

std::string page(const Verdict& verdict, const json& results, const std::string& model) {
  auto text = fmt::format("What tells {} which token is first?\n\nAnswer: {}\n{}\n\n{}", model, verdict.kind,
                          verdict.statement, facts(results));
  for (const auto& candidate : results.at("candidates")) {
    text += fmt::format("\nCandidate at {}: {}\n{}", candidate.at("site").get<std::string>(),
                        candidate.at("passes").get<bool>() ? "meets every condition" : "does not meet the rule",
                        conditions(candidate));
  }
  if (const auto more = beside(results); !more.empty()) text += "\nBeside it:\n" + more;
  return text +
         "\nWhat would overturn this: a candidate that stands earlier in the pass and meets every condition; samples "
         "of "
         "another kind on which a condition fails; a carrier that is no level but a pattern of each sample's own, "
         "which "
         "this test does not look for (see \"sites\": own_suffices where level_suffices is false).\n"
         "Values are means with 95 % intervals over documents that had no part in choosing the candidates.\n";
}

}  // namespace sinkscope::experiments::carrier
