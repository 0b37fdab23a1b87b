#include "trials/search/probes.h"

#include <fmt/format.h>

#include "sinkscope/trials/trial_list.h"

namespace sinkscope::trials::search {

using intervene::Role;

Probes::Probes(Runner& r, const model::Site& site, const Alone& alone)
    : r_(r), site_(site), alone_(alone), unedited_(level(r.unedited_probe(), kLater)) {}

Level Probes::written(const Signal& signal) {
  if (own_) return probe(Role::copy, signal, own_of(site_, signal, 0, alone_.token));
  return probe(Role::writing, signal, level_of(site_, signal, 0, alone_.token));
}

Level Probes::copied(const Signal& signal) {
  return probe(Role::copy, signal, copy_of(site_, signal, alone_.run(), alone_.token));
}

Level Probes::removed(const Signal& signal) {
  return probe(Role::removal, signal, level_of(site_, signal, alone_.token, 0));
}

void Probes::want_what(const Level& whole) {
  if (!makes_sink(whole, unedited_.first)) share_ = kHalf;
}

void Probes::want_everything() {
  constexpr double kNearlyAll = 0.9;
  wanted_gain_ = kNearlyAll * gain(written({}));
}

Level Probes::probe(Role role, const Signal& signal, intervene::Edit edit) {
  const auto outcome =
      r_.probe({.name = fmt::format("{} of {} at {}", intervene::name(role), name(signal), short_name(site_)),
                .role = role,
                .edits = {std::move(edit)}});
  return level(outcome, kLater);
}

}  // namespace sinkscope::trials::search
