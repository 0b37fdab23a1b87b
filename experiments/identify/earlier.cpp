#include "experiments/identify/earlier.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "experiments/identify/arrows.h"
#include "experiments/identify/rules.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using nlohmann::json;
using trials::Outcome;

json about_earlier(size_t stage) {
  return {{"part", "earlier stage"}, {"earlier_stage", stage}};
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

intervene::Trial trial(const char* what, Role role, const EarlierSignal& one, const intervene::Edit& edit) {
  return {.name = fmt::format("{} signal of stage {} at {}", what, one.stage, trials::short_name(one.site)),
          .role = role,
          .about = about_earlier(one.stage),
          .edits = {edit}};
}

}  // namespace

Earlier::Earlier(const std::vector<EarlierSignal>& signals, int64_t token) : signals_(signals) {
  for (const auto& one : signals_) {
    trials_.push_back(trial("remove", Role::removal, one, level_of(one.site, one.signal, token, 0)));
    const auto given = one.copied ? own_of : level_of;
    trials_.push_back(trial("write", Role::writing, one, given(one.site, one.signal, 0, token)));
  }
}

json Earlier::judge(const trials::Runner& r, const std::vector<Measured>& measured) const {
  auto list = json::array();
  for (const auto& one : signals_) {
    const auto unedited = r.unedited().sink(0);
    const auto& removal = outcome_of(measured, Role::removal, about_earlier(one.stage));
    const auto& writing = outcome_of(measured, Role::writing, about_earlier(one.stage));
    const auto random = moves_as_far(removal);
    std::string answer = needed(r.bootstrap(), r.options().equivalence, unedited, removal.sink(0), removal.ordinary());
    if (answer != "no" && few_enough(random.as_far, random.moves) != Met::yes) answer = "open";
    list.push_back({{"stage", one.stage},
                    {"site", model::name(one.site)},
                    {"needed", answer},
                    {"removed", effect(r, unedited, removal.sink(0))},
                    {"written", effect(r, r.unedited().sink(kLater), writing.sink(kLater))},
                    {"random", {{"moves", random.moves}, {"as_far", random.as_far}}}});
  }
  return list;
}

}  // namespace sinkscope::experiments::identification
