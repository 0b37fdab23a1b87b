#include "experiments/identify/evidence.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using trials::Outcome;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<Level> random_of(const Outcome& outcome) {
  std::vector<Level> levels;
  for (int64_t i = 0; outcome.random.defined() && i < outcome.random.size(1); ++i) {
    levels.push_back(level(outcome.random.select(1, i), kLater));
  }
  return levels;
}

Met above_zero(const measure::Bootstrap::Interval& value) {
  return value.low >= 0 ? Met::yes : value.high < 0 ? Met::no : Met::open;
}

Met below_zero(const measure::Bootstrap::Interval& value) {
  return value.high <= 0 ? Met::yes : value.low > 0 ? Met::no : Met::open;
}

Met few_enough(int64_t did, int64_t n) {
  constexpr double kTail = 0.025;
  if (static_cast<double>(did) <= std::max(1.0, kControls * static_cast<double>(n))) return Met::yes;
  return measure::binomial_tail(n, kControls, did) < kTail ? Met::no : Met::open;
}

}  // namespace

Evidence::Evidence(trials::Runner& r, size_t index, const Candidate& candidate, const Alone& alone)
    : r_(r), index_(index), candidate_(candidate), alone_(alone), whole_(joined(candidate.sufficient)) {
  const auto& site = candidate.site;
  add(Role::removal, "remove", whole_, about(), level_of(site, whole_, alone.token, 0));
  add(Role::clamp, "self-only, clamp", whole_, about(), level_of(site, whole_, alone.token, alone.token));
  trials_.back().attention = alone.condition();
  for (size_t i = 0; i < candidate.sufficient.size(); ++i) {
    const auto& set = candidate.sufficient[i];
    add(Role::writing, "write", set, about(i), level_of(site, set, 0, alone.token));
    add(Role::copy, "copy from self-only", set, about(i), copy_of(site, set, alone.run(), alone.token));
  }
}

nlohmann::json Evidence::about() const {
  return {{"part", "candidate"}, {"candidate", index_}};
}

nlohmann::json Evidence::about(size_t set) const {
  return {{"part", "candidate"}, {"candidate", index_}, {"set", set}};
}

void Evidence::add(Role role, const std::string& what, const Signal& signal, nlohmann::json about,
                   intervene::Edit edit) {
  trials_.push_back({.name = fmt::format("{} {} at {}", what, name(signal), trials::short_name(candidate_.site)),
                     .role = role,
                     .about = std::move(about),
                     .edits = {std::move(edit)}});
}

void Evidence::condition(Condition made, const at::Tensor& value, bool positive) {
  made.value = r_.bootstrap().interval(value);
  made.met = positive ? above_zero(made.value) : below_zero(made.value);
  conditions_.push_back(std::move(made));
}

void Evidence::removed(const Outcome& outcome) {
  const auto bound = kBack * r_.unedited().sink(0);
  condition(
      {"removed",
       "attention to token 0 without the signal, minus an ordinary token's, minus 0.1 of the unedited sink: at most 0"},
      outcome.sink(0) - outcome.ordinary() - bound, false);
}

void Evidence::written(const Outcome& outcome, const std::string& what, size_t set) {
  const auto later = outcome.sink(kLater);
  const auto of = candidate_.sufficient.size() > 1 ? std::optional(set) : std::nullopt;
  condition({what, "attention to the later token, minus half of token 0's from the same queries: at least 0", of},
            later - kHalf * outcome.sink(0), true);
  over_competition(outcome, what, of);
}

/// Half of a fallen sink is none. Two equal sinks cannot reach the bar of ten times an ordinary token where token 0
/// alone does not have twice that.
void Evidence::over_competition(const Outcome& outcome, const std::string& what, std::optional<size_t> set) {
  const auto later = outcome.sink(kLater);
  const auto plain = level(r_.unedited(), kLater);
  if (plain.first >= 2 * kTimesOrdinary * plain.ordinary) {
    condition({what + ", over competition",
               "attention to the later token, minus ten times an ordinary token's: at least 0", set},
              later - kTimesOrdinary * outcome.ordinary(), true);
  } else {
    condition(
        {what + ", over competition",
         "attention to the later token, minus a quarter of the unedited sink: at least 0 (the unedited sink is below "
         "twenty times an ordinary token's, so two equal sinks cannot reach ten times each)",
         set},
        later - kAgainstCompetition * r_.unedited().sink(0), true);
  }
}

/// Neither ends a sink nor makes one: of the removal's controls, and of the writes'.
void Evidence::controlled(const std::vector<Measured>& measured) {
  const auto plain = level(r_.unedited(), kLater);
  Condition made{
      .name = "controls",
      .what =
          "random moves of the same size that end token 0's sink or make the later token one, in the trial where most "
          "do: "
          "at most 5 % of them, or one; NO where the binomial tail beyond 5 % is below 0.025, or where the same edit "
          "at another position does it",
      .value = {0, kNone, kNone, 0}};
  auto worst = Met::open;
  bool elsewhere = false;
  double largest = 0;
  for (const auto& [trial, outcome] : measured) {
    const bool removes = trials::is(trial, Role::removal, about());
    if (!removes && !trials::is(trial, Role::writing, about())) continue;
    const auto does = [&, removes](const Level& found) {
      largest = std::max(largest, std::abs(removes ? found.first - plain.first : found.later - plain.later));
      return removes ? ends_sink(found, plain.first) : makes_sink(found, plain.first, kHalf);
    };
    const auto random = random_of(outcome);
    const auto did = std::count_if(random.begin(), random.end(), does);
    const auto n = static_cast<double>(random.size());
    if (outcome.moved.defined()) elsewhere = elsewhere || does(level(outcome.moved, kLater));
    if (random.empty()) continue;
    if (made.value.n == 0 || static_cast<double>(did) / n > made.value.mean) {
      made.value.mean = static_cast<double>(did) / n;
      made.value.n = static_cast<int64_t>(random.size());
      worst = few_enough(did, made.value.n);
    }
  }
  controls_move_ = largest / plain.first;
  made.met = elsewhere ? Met::no : worst;
  conditions_.push_back(std::move(made));
}

/// How far seeing only itself moves the later token's coordinates along the way from its ordinary level to token 0's.
void Evidence::predicted() {
  const auto& site = candidate_.site;
  const auto& natural = r_.sources().at("unedited", site, alone_.token);
  const auto choosing = r_.choosing().to(natural.device());
  const auto ordinary = mean_coordinates(whole_, natural.index_select(0, choosing));
  const auto first = mean_coordinates(whole_, r_.sources().at("unedited", site, 0).index_select(0, choosing));
  auto edit = level_of(site, whole_, 0, alone_.token);
  const auto reached =
      intervene::coordinates(edit, r_.sources().at(alone_.run(), site, alone_.token)).to(at::kCPU, at::kDouble);
  const auto way = first - ordinary;
  const auto share = at::matmul(reached - ordinary, way) / way.square().sum().clamp_min(1e-30);
  const auto tested = at::full_like(share, kNone).index_copy(0, r_.testing(), share.index_select(0, r_.testing()));
  condition(
      {"predicted by self-only",
       "how far seeing only itself moves the later token's signal from its ordinary level (0) to token 0's (1), minus "
       "0.5: at least 0"},
      tested - kHalf, true);
}

void Evidence::clamped(const Outcome& outcome, const Outcome& alone) {
  const auto excess = [](const Outcome& o) { return o.sink(kLater) - o.ordinary(); };
  condition(
      {"clamped under self-only",
       "attention to the self-only token above an ordinary token's when the signal keeps its ordinary level, minus a "
       "fifth of that without the clamp: at most 0"},
      excess(outcome) - kClampedLeaves * excess(alone), false);
}

void Evidence::judge(const std::vector<Measured>& measured) {
  conditions_.clear();
  removed(outcome_of(measured, Role::removal, about()));
  for (size_t set = 0; set < candidate_.sufficient.size(); ++set) {
    written(outcome_of(measured, Role::writing, about(set)), "written", set);
    written(outcome_of(measured, Role::copy, about(set)), "copied from self-only", set);
  }
  controlled(measured);
  predicted();
  clamped(outcome_of(measured, Role::clamp, about()), outcome_of(measured, Role::condition, kItself));
}

bool Evidence::passes() const {
  return !conditions_.empty() &&
         std::all_of(conditions_.begin(), conditions_.end(), [](const Condition& c) { return c.met == Met::yes; });
}

bool Evidence::refuted() const {
  return std::any_of(conditions_.begin(), conditions_.end(), [](const Condition& c) { return c.met == Met::no; });
}

const char* name(Met met) {
  return met == Met::yes ? "yes" : met == Met::no ? "no" : "open";
}

nlohmann::json to_json(const Condition& c) {
  return {{"name", c.name},
          {"set", c.set ? nlohmann::json(*c.set) : nlohmann::json()},
          {"what", c.what},
          {"value", measure::to_json(c.value)},
          {"met", name(c.met)}};
}

nlohmann::json to_json(const Evidence& e) {
  const auto& c = e.candidate();
  auto sets = nlohmann::json::array(), conditions = nlohmann::json::array(), trials = nlohmann::json::array();
  for (const auto& set : c.sufficient) sets.push_back(to_json(set));
  for (const auto& condition : e.conditions()) conditions.push_back(to_json(condition));
  for (const auto& trial : e.trials()) trials.push_back(trial.name);
  return {{"site", model::name(c.site)},
          {"sufficient", sets},
          {"each_needed", c.each_needed},
          {"apart", c.apart},
          {"needed", c.needed},
          {"conditions", conditions},
          {"controls_move", measure::finite(e.controls_move())},
          {"passes", e.passes()},
          {"refuted", e.refuted()},
          {"trials", trials}};
}

}  // namespace sinkscope::experiments::identification
