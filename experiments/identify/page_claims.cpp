// The page on the candidates: every condition of the rule as a claim with its number and bar.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

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

/// Of several texts: the claims of which one by itself says something else than all together.
std::string by_text(const json& candidate) {
  if (!candidate.contains("by_text")) return {};
  std::string text;
  for (const auto& c : candidate.at("conditions")) {
    if (!c.contains("by_text")) continue;
    for (const auto& [name, found] : c.at("by_text").items()) {
      if (found.at("met") == c.at("met")) continue;
      const auto met = text_at(found, "met");
      text += fmt::format("  In {} by itself: {}: {}, {}.\n", name, claim_of(c).text, met == "no" ? "NO" : met,
                          interval(found.at("value")));
    }
  }
  return text.empty() ? fmt::format("  Each of the {} texts by itself says the same (random moves are of all).\n",
                                    candidate.at("by_text").size())
                      : text;
}

/// What else a reader asks of a trial: does it hold with the norms' scales frozen, were the values natural?
std::string honesty(size_t candidate, const json& stage) {
  std::string outside_range, frozen;
  for (const auto& trial : stage.at("trials")) {
    if (trial.at("about").value("candidate", stage.at("candidates").size()) != candidate) continue;
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

/// Whether a lesser form does as well.
std::string lesser(const json& found, const std::string& form) {
  if (found.is_null()) return {};
  const auto as_well = text_at(found, "as_well");
  return fmt::format("  {} it does {}: {} when written, {} when removed, less what the whole does.\n", form,
                     as_well == "yes"  ? "as well"
                     : as_well == "no" ? "less"
                                       : "as well or less, these samples do not tell",
                     interval(found.at("written")), interval(found.at("removed")));
}

std::string sparse(const json& candidate) {
  const auto& found = candidate.at("sparse");
  return lesser(found, found.is_null() ? "" : fmt::format("In {} channels alone", found.at("dimensions").size()));
}

std::string fewer(const json& candidate) {
  const auto& found = candidate.at("fewer");
  if (found.is_null()) return {};
  const auto& rank = found.at("rank");
  return lesser(found, fmt::format("With {} {} (of those tried, the one that made most)", rank.dump(),
                                   rank == 1 ? "direction" : "directions"));
}

std::string role(const json& candidate, const json& verdict) {
  if (candidate.at("passes").get<bool>()) {
    return candidate.at("site") == verdict.at("signal").at("site") ? "the signal (meets every condition, earliest)"
                                                                   : "a mediator (meets every condition, later)";
  }
  return candidate.at("refuted").get<bool>() ? "refuted (fails a condition)"
                                             : "open (fails no condition, some are open)";
}

constexpr char kTerms[] =
    "- Met: yes if the whole 95 % interval is on the right side of the bar, NO if it is on the wrong side, open if it "
    "contains the bar.\n"
    "- Refuted: a condition is NO. Open: no condition is NO, but not all are yes.\n"
    "- Ordinary token: one of tokens 4 to 8 that is neither tracked nor edited.\n"
    "- Written: the later token gets token 0's values. Own row: of the same sample. Mean row: the mean over samples.\n"
    "- Removed, clamped: token 0, or a token that sees only itself, gets the later token's ordinary (mean) values.\n"
    "- Self-only: the later token sees only itself in the first layers.\n"
    "- Needed block output: the sink ends if token 0 gets the later token's mean output of that block instead.\n"
    "- DORMANT and BACKUP: channels and blocks that could make a sink, but have no part in that of the unedited "
    "model.\n"
    "- What the signal is made of: of the unit vector along the way from the later token's mean level to token 0's. "
    "Written: straight into the residual, token 0 less the mean of tokens 1 to 8. Read: of weights alone, through the "
    "gain of the norm before them, 1 where nothing else is read.\n"
    "- Conditions, intervals and changes of attention: documents that had no part in choosing candidates. Residuals, "
    "needed blocks, effect sizes, AUC and natural shares, what the signal is made of: documents that chose. The sink's "
    "layer and the massive "
    "activation: all documents.\n";

}  // namespace

std::string candidate_section(const json& stage, size_t candidate) {
  const auto& found = stage.at("candidates")[candidate];
  return fmt::format("\nCandidate at {}, {}: {}\n\n{}{}{}{}{}", text_at(found, "site"), signals(found.at("sufficient")),
                     role(found, stage.at("verdict")), conditions(found), by_text(found), sparse(found), fewer(found),
                     honesty(candidate, stage));
}

namespace {

/// Of the first candidate that was asked.
std::string definition(const Claim& claim, const json& stages) {
  for (const auto& stage : stages) {
    for (const auto& candidate : stage.at("candidates")) {
      for (const auto& condition : candidate.at("conditions")) {
        if (text_at(condition, "name") != claim.condition) continue;
        return fmt::format("- {}: {}.\n", claim.text, text_at(condition, "what"));
      }
    }
  }
  return {};
}

}  // namespace

std::string definitions(const json& stages) {
  std::string text = "\nDefinitions\n\n";
  for (const auto& claim : kClaims) text += definition(claim, stages);
  return text + kTerms;
}

}  // namespace sinkscope::experiments::identification
