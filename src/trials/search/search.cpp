#include "sinkscope/trials/search/search.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/smallest_set.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/search/site_trace.h"
#include "trials/search/probes.h"

namespace sinkscope::trials::search {
namespace {

std::vector<int64_t> sorted(std::vector<int64_t> set) {
  std::sort(set.begin(), set.end());
  return set;
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

/// Where a set makes half a sink but another part keeps token 0's: all of it.
void find_all_of_it(Probes& at, const std::vector<int64_t>& order, Candidate& found) {
  if (!found.removal_ends || at.ends(at.removed(joined(found.sufficient)))) return;
  at.want_everything();
  auto whole = found;
  whole.sufficient.clear();
  find_sufficient(at, order, whole);
  if (whole.found()) found = std::move(whole);
}

/// Sets of channels, and directions where channels are many or may be one direction.
void find_signals(Probes& at, Runner& r, const Alone& alone, const std::vector<int64_t>& order, Ask ask,
                  Candidate& found) {
  if (ask == Ask::fewest) {
    // A direction is fewer numbers than a set that takes more channels than these to find.
    find_sufficient(at, {order.begin(), order.begin() + std::min<int64_t>(kMostChannels, std::ssize(order))}, found);
    if (!found.found()) find_directions(at, r, alone, found);
    if (found.found() && found.sufficient[0].is_directions()) return;
  }
  if (!found.found()) find_sufficient(at, order, found);
  if (!found.found()) return;
  find_all_of_it(at, order, found);
  const auto size = found.sufficient[0].dimensions.size();
  if (size <= kMostChannels) found.apart = work_apart(at, found.sufficient[0]);
  const bool several = size > 1 && size <= kMostChannels && found.sufficient.size() == 1 && !found.apart;
  if (ask == Ask::fewest ? several : size > kMostChannels) find_directions(at, r, alone, found);
}

/// Of the directions that were tried, fewer than the first signal has numbers, those that made most when written.
std::optional<Signal> best_of_fewer(const Probes& at, const Candidate& found) {
  std::optional<Signal> best;
  double most = 0;
  for (const auto& one : found.tried) {
    const double gain = at.gain(one.written);
    const bool fewer = one.signal.is_directions() && one.signal.rank() < found.sufficient[0].rank();
    if (!fewer || (best && gain <= most)) continue;
    best = one.signal;
    most = gain;
  }
  return best;
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

nlohmann::json to_json(const Tried& one) {
  const auto& s = one.signal;
  return {{"rank", s.rank()},
          {"support", s.dimensions.empty() ? nlohmann::json() : nlohmann::json(s.dimensions.size())},
          {"directions", s.is_directions()},
          {"written", to_json(one.written)},
          {"removed", one.removed ? to_json(*one.removed) : nlohmann::json()},
          {"enough", one.enough}};
}

nlohmann::json to_json(const Candidate& c) {
  auto sets = nlohmann::json::array();
  for (const auto& set : c.sufficient) sets.push_back(to_json(set));
  auto tried = nlohmann::json::array();
  for (const auto& one : c.tried) tried.push_back(to_json(one));
  return {{"site", model::name(c.site)},
          {"own_suffices", c.own_suffices},
          {"level_suffices", c.level_suffices},
          {"removal_ends", c.removal_ends},
          {"levels", {{"own", to_json(c.own)}, {"whole", to_json(c.whole)}, {"removed", to_json(c.removed)}}},
          {"sufficient", sets},
          {"each_needed", c.each_needed},
          {"apart", c.apart},
          {"copied", c.copied},
          {"sparse", c.sparse ? nlohmann::json(c.sparse->dimensions) : nlohmann::json()},
          {"needed", c.needed},
          {"tried", tried}};
}

std::vector<model::Site> candidate_sites(int64_t sink_layer, int64_t first) {
  std::vector<model::Site> sites;
  for (int64_t layer = first; layer < sink_layer; ++layer) {
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

Candidate search(Runner& r, const model::Site& site, const Alone& alone, Ask ask) {
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
  if (found.level_suffices || (ask == Ask::channels && found.own_suffices)) {
    at.take_own(!found.level_suffices);
    find_signals(at, r, alone, order, ask, found);
    at.take_own(false);
  } else if (found.own_suffices) {
    at.take_own(true);
    find_directions(at, r, alone, found);
    found.copied = found.found();
    at.take_own(false);
  }
  if (found.sufficient.size() == 1) found.fewer = best_of_fewer(at, found);
  const bool by_dimension = found.found() && !found.sufficient[0].dimensions.empty();
  if (!found.removal_ends || !(ask == Ask::channels || by_dimension)) return found;
  const auto needed = measure::smallest_set(
      order, [&](const auto& dimensions) { return at.ends(at.removed({.dimensions = sorted(dimensions)})); });
  if (needed) found.needed = sorted(needed->members);
  return found;
}

}  // namespace sinkscope::trials::search
