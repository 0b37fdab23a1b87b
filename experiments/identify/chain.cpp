#include "experiments/identify/chain.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "experiments/identify/flags.h"
#include "experiments/identify/rules.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using nlohmann::json;
using trials::Outcome;

constexpr char kNormOf[] = "norm", kAttention[] = "attention", kShare[] = "share of the way";

json about_chain(const char* what) {
  return {{"part", "chain"}, {"what", what}};
}
constexpr char kMassive[] = "massive activation", kKeys[] = "keys";

json about_earlier(size_t stage) {
  return {{"part", "earlier stage"}, {"earlier_stage", stage}};
}

/// A number of the unedited run beside that of a trial.
json pair(trials::Runner& r, const at::Tensor& unedited, const at::Tensor& edited) {
  if (!unedited.defined() || !edited.defined()) return {};
  return {{"unedited", measure::to_json(r.bootstrap().interval(unedited))},
          {"edited", measure::to_json(r.bootstrap().interval(edited))}};
}

/// Attention in the stage's layer.
json arrow_to_sink(trials::Runner& r, const std::string& from, const Outcome& removal, const Outcome& writing) {
  return {{"from", from},
          {"to", "sink"},
          {"of", kAttention},
          {"removed", pair(r, r.unedited().sink(0), removal.sink(0))},
          {"written", pair(r, r.unedited().sink(kLater), writing.sink(kLater))}};
}

/// The norm of its dimensions where they are written.
json arrow_to_massive(trials::Runner& r, const std::string& from, const Outcome& removal, const Outcome& writing) {
  const auto of = [](const Outcome& o, int64_t which) {
    return o.massive.defined() ? o.massive.select(1, which) : at::Tensor();
  };
  return {{"from", from},
          {"to", kMassive},
          {"of", kNormOf},
          {"removed", pair(r, of(r.unedited(), 0), of(removal, 0))},
          {"written", pair(r, of(r.unedited(), kLater), of(writing, kLater))}};
}

/// How far seeing only itself takes the later token's signal from its ordinary level (0) to token 0's (1).
json arrow_to_signal(const Evidence& signal) {
  const auto& list = signal.conditions();
  const auto found = std::find_if(list.begin(), list.end(), [](const Condition& c) { return c.name == kPredicted; });
  auto share = found->value;
  for (double* end : {&share.mean, &share.low, &share.high}) *end += kHalf;
  return {{"from", "seeing only itself"},
          {"to", "signal"},
          {"of", kShare},
          {"removed", nullptr},
          {"written",
           {{"unedited", {{"mean", 0}, {"ci95", {0, 0}}, {"n", share.n}}}, {"edited", measure::to_json(share)}}}};
}

struct Random {
  int64_t moves = 0, as_far = 0;
};

/// Random moves of the size of a removal that leave token 0 as little.
Random moves_as_far(const Outcome& removal) {
  Random found;
  const double left = level(removal, kLater).first;
  for (; removal.random.defined() && found.moves < removal.random.size(1); ++found.moves) {
    if (level(removal.random.select(1, found.moves), kLater).first <= left) ++found.as_far;
  }
  return found;
}

}  // namespace

Chain::Chain(const trials::Runner& r, const Alone& alone, const std::vector<EarlierSignal>& earlier)
    : earlier_(earlier) {
  if (const auto& massive = r.massive_activation()) {
    add(Role::writing, kMassive, about_chain(kMassive), level_of(massive->site, signal_of(*massive), 0, alone.token));
  }
  const model::Site keys{model::Point::k, r.sink_layer()};
  add(Role::removal, kKeys, about_chain(kKeys), level_of(keys, {}, alone.token, 0));
  add(Role::writing, kKeys, about_chain(kKeys), level_of(keys, {}, 0, alone.token));
  for (const auto& one : earlier_) {
    const auto what = fmt::format("signal of stage {}", one.stage);
    add(Role::removal, what, about_earlier(one.stage), level_of(one.site, one.signal, alone.token, 0));
    auto given = level_of(one.site, one.signal, 0, alone.token);
    if (one.copied) given.operation = intervene::Operation::copy;
    add(Role::writing, what, about_earlier(one.stage), given);
  }
}

void Chain::add(Role role, const std::string& what, const json& about, const intervene::Edit& edit) {
  trials_.push_back({.name = fmt::format("chain: {} {} at {}", role == Role::removal ? "remove" : "write", what,
                                         trials::short_name(edit.site)),
                     .role = role,
                     .about = about,
                     .edits = {edit}});
}

json Chain::judge(trials::Runner& r, const std::vector<Measured>& measured, const Verdict& verdict) const {
  auto arrows = json::array();
  const auto of = [&](Role role, const json& about) -> const Outcome& { return outcome_of(measured, role, about); };
  const auto& massive = r.massive_activation();
  if (verdict.signal) {
    const auto& signal = *verdict.signal;
    arrows.push_back(arrow_to_signal(signal));
    const auto& removal = of(Role::removal, signal.about());
    const auto& writing = of(Role::writing, signal.about(0));
    if (massive && model::before(signal.candidate().site, massive->site)) {
      arrows.push_back(arrow_to_massive(r, "signal", removal, writing));
    }
    arrows.push_back(arrow_to_sink(r, "signal", removal, writing));
  }
  if (massive) {
    arrows.push_back(arrow_to_sink(r, kMassive, of(Role::removal, kBackup), of(Role::writing, about_chain(kMassive))));
  }
  arrows.push_back(
      arrow_to_sink(r, kKeys, of(Role::removal, about_chain(kKeys)), of(Role::writing, about_chain(kKeys))));
  return arrows;
}

json Chain::judge_earlier(trials::Runner& r, const std::vector<Measured>& measured) const {
  auto list = json::array();
  const auto unedited = r.unedited().sink(0);
  for (const auto& one : earlier_) {
    const auto& removal = outcome_of(measured, Role::removal, about_earlier(one.stage));
    const auto& writing = outcome_of(measured, Role::writing, about_earlier(one.stage));
    const auto random = moves_as_far(removal);
    std::string answer = needed(r.bootstrap(), r.options().equivalence, unedited, removal.sink(0), removal.ordinary());
    if (answer != "no" && few_enough(random.as_far, random.moves) != Met::yes) answer = "open";
    list.push_back({{"stage", one.stage},
                    {"site", model::name(one.site)},
                    {"needed", answer},
                    {"removed", pair(r, unedited, removal.sink(0))},
                    {"written", pair(r, r.unedited().sink(kLater), writing.sink(kLater))},
                    {"random", {{"moves", random.moves}, {"as_far", random.as_far}}}});
  }
  return list;
}

}  // namespace sinkscope::experiments::identification
