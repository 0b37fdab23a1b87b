#include "sinkscope/trials/search/search.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/smallest_set.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::trials::search {
namespace {

using intervene::Operation;
using intervene::Role;

/// The questions that are asked of one site, a probe each.
class Probes {
 public:
  Probes(Runner& r, const model::Site& site, const Alone& alone)
      : r_(r), site_(site), alone_(alone), unedited_(level(r.unedited_probe(), 1)) {}

  /// At token 0's mean level; after take_own(), at the same sample's.
  Level written(const Signal& signal) {
    auto edit = level_of(site_, signal, 0, alone_.token);
    if (own_) edit.operation = Operation::copy;
    return probe(own_ ? Role::copy : Role::writing, signal, std::move(edit));
  }
  void take_own(bool own) { own_ = own; }
  Level removed(const Signal& signal) { return probe(Role::removal, signal, level_of(site_, signal, alone_.token, 0)); }
  bool makes(const Level& found) const {
    return makes_sink(found, unedited_.first, share_) && gain(found) >= wanted_gain_;
  }
  /// Where the whole vector makes half a sink and hardly more, that is what a set must do.
  void want_what(const Level& whole) {
    if (!makes_sink(whole, unedited_.first)) share_ = kHalf;
  }
  /// From now on a set must do nearly all that the whole vector does.
  void want_everything() {
    constexpr double kNearlyAll = 0.9;
    wanted_gain_ = kNearlyAll * gain(written({}));
  }
  bool ends(const Level& found) const { return ends_sink(found, unedited_.first); }
  double gain(const Level& found) const { return found.later - unedited_.later; }

 private:
  Level probe(Role role, const Signal& signal, intervene::Edit edit) {
    return level(
        r_.probe({.name = fmt::format("{} of {} at {}", intervene::name(role), name(signal), short_name(site_)),
                  .role = role,
                  .edits = {std::move(edit)}}),
        1);
  }

  Runner& r_;
  const model::Site& site_;
  const Alone& alone_;
  Level unedited_;
  double wanted_gain_ = -1, share_ = kMargin * kHalf;
  bool own_ = false;
};

std::vector<int64_t> sorted(std::vector<int64_t> set) {
  std::sort(set.begin(), set.end());
  return set;
}

Signal along(const at::Tensor& shift) {
  return {.direction = (shift / shift.norm().clamp_min(1e-20)).unsqueeze(0).to(at::kCPU)};
}

/// What seeing only itself adds to tokens 1 to 8 on average, free of what a token says; and token 0's mean less theirs.
std::vector<Signal> directions_at(Runner& r, const model::Site& site, const Alone& alone) {
  const auto rows = traced_rows(r, "unedited", site, r.choosing());
  const auto added = traced_rows(r, alone.all_run(), site, r.choosing()) - rows;
  const auto others = [](const at::Tensor& x) { return x.slice(1, 1).flatten(0, 1).mean(0); };
  return {along(others(added)), along(rows.select(1, 0).mean(0) - others(rows))};
}

/// Disjoint sets, most promising first; stops at the first that is no small one.
void find_sufficient(Probes& at, std::vector<int64_t> order, Candidate& into) {
  while (into.sufficient.size() < kMostSets && !order.empty()) {
    const auto set = measure::smallest_set(
        order, [&](const auto& dimensions) { return at.makes(at.written({.dimensions = sorted(dimensions)})); });
    if (!set) return;
    const bool small = set->members.size() <= kMostChannels;
    if (into.sufficient.empty()) {
      into.each_needed = set->each_needed;
    } else if (!small) {
      return;
    }
    into.sufficient.push_back({.dimensions = sorted(set->members)});
    if (!small) return;
    std::erase_if(order, [&](int64_t d) { return std::count(set->members.begin(), set->members.end(), d) > 0; });
  }
}

/// Whether channels that suffice together each do a part of it alone.
bool work_apart(Probes& at, const Signal& set) {
  if (set.dimensions.size() < 2 || set.dimensions.size() > kMostChannels) return false;
  constexpr double kOfJoint = 0.8, kOfEach = 0.1;
  const double joint = at.gain(at.written(set));
  double sum = 0;
  for (const int64_t dimension : set.dimensions) {
    const double alone = at.gain(at.written({.dimensions = {dimension}}));
    if (alone < kOfEach * joint) return false;
    sum += alone;
  }
  return sum >= kOfJoint * joint;
}

/// Channels, or where many share it one direction.
void find_signals(Probes& at, Runner& r, const model::Site& site, const Alone& alone, const std::vector<int64_t>& order,
                  Candidate& found) {
  find_sufficient(at, order, found);
  if (found.found() && found.removal_ends && !at.ends(at.removed(joined(found.sufficient)))) {
    // Some part makes half a sink, but another part keeps token 0's: look for all of it.
    at.want_everything();
    auto whole = found;
    whole.sufficient.clear();
    find_sufficient(at, order, whole);
    if (whole.found()) found = std::move(whole);
  }
  if (found.found() && found.sufficient[0].dimensions.size() > kMostChannels) {
    double best = 0;
    for (const auto& direction : directions_at(r, site, alone)) {
      const auto written = at.written(direction);
      if (!at.makes(written) || at.gain(written) <= best) continue;
      best = at.gain(written);
      found.sufficient = {direction};
    }
  }
  if (found.found() && !found.sufficient[0].direction.defined()) found.apart = work_apart(at, found.sufficient[0]);
}

}  // namespace

Level level(const at::Tensor& attention, int64_t which) {
  const auto mean = [&](int64_t key) { return attention.select(1, key).nanmean().item<double>(); };
  return {mean(0), mean(which), mean(attention.size(1) - 1)};
}

Level level(const Outcome& outcome, int64_t which) {
  return level(outcome.attention.select(1, 0), which);
}

bool makes_sink(const Level& found, double unedited, double share) {
  return found.later >= share * found.first && found.later >= kAgainstCompetition * unedited;
}

bool ends_sink(const Level& found, double unedited) {
  return found.first - found.ordinary <= kBack * unedited;
}

nlohmann::json to_json(const Level& found) {
  return {{"first", measure::finite(found.first)},
          {"later", measure::finite(found.later)},
          {"ordinary", measure::finite(found.ordinary)}};
}

nlohmann::json to_json(const Candidate& c) {
  auto sets = nlohmann::json::array();
  for (const auto& set : c.sufficient) sets.push_back(to_json(set));
  return {{"site", model::name(c.site)},
          {"own_suffices", c.own_suffices},
          {"level_suffices", c.level_suffices},
          {"removal_ends", c.removal_ends},
          {"levels", {{"own", to_json(c.own)}, {"whole", to_json(c.whole)}, {"removed", to_json(c.removed)}}},
          {"sufficient", sets},
          {"each_needed", c.each_needed},
          {"apart", c.apart},
          {"needed", c.needed}};
}

std::vector<model::Site> candidate_sites(int64_t sink_layer) {
  std::vector<model::Site> sites;
  for (int64_t layer = 0; layer < sink_layer; ++layer) {
    sites.push_back({model::Point::resid_mid, layer});
    sites.push_back({model::Point::resid_post, layer});
  }
  return sites;
}

void gather(Runner& r, const std::vector<model::Site>& sites, const Alone& alone) {
  for (const auto& site : sites) {
    for (const auto& run : {std::string("unedited"), alone.all_run()}) want_trace(r, run, site);
    for (const auto& run : {std::string("unedited"), alone.run()}) r.sources().want(run, site, alone.token);
  }
  r.gather();
}

Candidate search(Runner& r, const model::Site& site, const Alone& alone, bool apart) {
  Probes at(r, site, alone);
  Candidate found{.site = site};
  at.take_own(true);
  found.own = at.written({});
  at.take_own(false);
  found.whole = at.written({});
  found.removed = at.removed({});
  found.removal_ends = at.ends(found.removed);
  at.want_what(found.whole);
  found.own_suffices = at.makes(found.own);
  found.level_suffices = at.makes(found.whole);
  const auto order = trace_of(traced_rows(r, "unedited", site, r.choosing())).by_effect;
  if (found.level_suffices || (apart && found.own_suffices)) {
    at.take_own(!found.level_suffices);
    find_signals(at, r, site, alone, order, found);
    at.take_own(false);
  }
  const bool by_dimension = found.found() && !found.sufficient[0].direction.defined();
  if (!found.removal_ends || !(apart || by_dimension)) return found;
  const auto needed = measure::smallest_set(
      order, [&](const auto& dimensions) { return at.ends(at.removed({.dimensions = sorted(dimensions)})); });
  if (needed) found.needed = sorted(needed->members);
  return found;
}

}  // namespace sinkscope::trials::search
