#include "experiments/identify/evidence.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiments/identify/lesser.h"
#include "experiments/identify/rules.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using trials::Outcome;

constexpr char kSparse[] = "fewest channels", kFewer[] = "fewer directions";
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

Judged judged(const measure::Bootstrap& bootstrap, const at::Tensor& values, bool positive) {
  const auto value = bootstrap.interval(values);
  return {value, positive ? above_zero(value) : below_zero(value)};
}

}  // namespace

intervene::Edit writing_of(const Candidate& candidate, const Signal& signal, int64_t token) {
  return candidate.copied ? own_of(candidate.site, signal, 0, token) : level_of(candidate.site, signal, 0, token);
}

at::Tensor along_way(const at::Tensor& rows, const at::Tensor& ordinary, const at::Tensor& first) {
  const auto way = first - ordinary;
  return at::matmul(rows - ordinary, way) / way.square().sum().clamp_min(1e-30);
}

Evidence::Evidence(trials::Runner& r, size_t index, const Candidate& candidate, const Alone& alone)
    : r_(r), index_(index), candidate_(candidate), alone_(alone), whole_(joined(candidate.sufficient)) {
  const auto& site = candidate.site;
  add(Role::removal, "remove", whole_, about(), level_of(site, whole_, alone.token, 0));
  add(Role::clamp, "self-only, clamp", whole_, about(), level_of(site, whole_, alone.token, alone.token));
  trials_.back().attention = alone.condition();
  trials_.back().random_controls = false;  // what they do is asked of the removal and of the writing
  for (const auto& [part, form] : {std::pair(kSparse, candidate.sparse), std::pair(kFewer, candidate.fewer)}) {
    if (!form) continue;
    const auto more = lesser_trials(candidate, *form, about_lesser(part), alone.token);
    trials_.insert(trials_.end(), more.begin(), more.end());
  }
  for (size_t i = 0; i < candidate.sufficient.size(); ++i) {
    const auto& set = candidate.sufficient[i];
    add(Role::writing, "write", set, about(i), writing_of(candidate, set, alone.token));
    add(Role::copy, "copy from self-only", set, about(i), copy_of(site, set, alone.run(), alone.token));
    trials_.back().random_controls = false;
  }
}

int64_t Evidence::support() const {
  const auto d_model = r_.run().config().d_model;
  const bool few = sparse_ && sparse_->as_well == Met::yes;
  return (few ? *candidate_.sparse : whole_).support(d_model);
}

std::string Evidence::support_in_words() const {
  const auto most = support();
  if (!sparse_ || sparse_->as_well != Met::open) return std::to_string(most);
  return fmt::format("{} to {}", candidate_.sparse->support(r_.run().config().d_model), most);
}

std::string Evidence::rank_in_words() const {
  const auto rank = candidate_.sufficient[0].rank();
  if (!fewer_ || fewer_->as_well == Met::no) return std::to_string(rank);
  return fmt::format("{} to {}", fewer_->form.rank(), rank);
}

nlohmann::json Evidence::about_lesser(const char* part) const {
  return {{"part", part}, {"candidate", index_}};
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
  const auto whole = judged(r_.bootstrap(), value, positive);
  made.value = whole.value;
  made.met = whole.met;
  for (const auto& [text, bootstrap] : r_.by_text()) made.by_text[text] = judged(bootstrap, value, positive);
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
          "at most 5 % of them, or one of at least 8; NO where the binomial tail beyond 5 % is below 0.025, or where "
          "the same edit "
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

at::Tensor Evidence::of_choosing(int64_t token) const {
  const auto& rows = r_.sources().at("unedited", candidate_.site, token);
  return rows.index_select(0, r_.choosing().to(rows.device()));
}

at::Tensor Evidence::share_of_way(const at::Tensor& rows, const at::Tensor& ordinary_rows) const {
  const auto coordinates = [&](const at::Tensor& of) {
    return intervene::coordinates(level_of(candidate_.site, whole_, 0, alone_.token), of).to(at::kCPU, at::kDouble);
  };
  const auto ordinary = coordinates(ordinary_rows).mean(0), first = coordinates(of_choosing(0)),
             reached = coordinates(rows);
  if (candidate_.copied) {
    const auto length = (first - ordinary).square().sum(1).mean().sqrt();
    return (reached - ordinary).norm(2, 1) / length.clamp_min(1e-20);
  }
  return along_way(reached, ordinary, first.mean(0));
}

void Evidence::predicted() {
  const auto share = share_of_way(r_.sources().at(alone_.run(), candidate_.site, alone_.token));
  const auto tested = at::full_like(share, kNone).index_copy(0, r_.testing(), share.index_select(0, r_.testing()));
  condition(
      {kPredicted,
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
  const auto lesser = [&](const char* part, const std::optional<Signal>& form) -> std::optional<Lesser> {
    if (!form) return {};
    return judge_lesser(r_, measured, *form, about_lesser(part), *this);
  };
  sparse_ = lesser(kSparse, candidate_.sparse);
  fewer_ = lesser(kFewer, candidate_.fewer);
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

std::map<std::string, Met> Evidence::by_text() const {
  std::map<std::string, Met> texts;
  for (const auto& condition : conditions_) {
    for (const auto& [text, judged] : condition.by_text) {
      auto& met = texts.try_emplace(text, Met::yes).first->second;
      if (met != Met::no && judged.met != Met::yes) met = judged.met;
    }
  }
  return texts;
}

}  // namespace sinkscope::experiments::identification
