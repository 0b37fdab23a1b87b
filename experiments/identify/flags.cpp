#include "experiments/identify/flags.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sinkscope/trials/listed.h"
#include "sinkscope/measure/separation.h"
#include "sinkscope/measure/statistics.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Operation;
using intervene::Trial;
using nlohmann::json;
using trials::Outcome;

constexpr size_t kSuspects = 6;

std::set<int64_t> channels_of(const Candidate& candidate) {
  const auto all = joined(candidate.sufficient).dimensions;
  return {all.begin(), all.end()};
}

}  // namespace

Suspects::Suspects(trials::Runner& r, const Evidence& mark, const Alone& alone) {
  const auto& site = mark.candidate().site;
  const auto rows = traced_rows(r, "unedited", site, r.choosing());
  trace_ = trace_of(rows);
  auc_ = measure::auc(rows).to(at::kCPU);
  by_chance_ = measure::largest_auc_by_chance(rows, static_cast<uint64_t>(r.run().options().seed));
  const auto carrier = channels_of(mark.candidate());
  const auto largest = trace_.first.abs().argmax().item<int64_t>();
  for (const int64_t d : trace_.by_effect) {
    if (dimensions_.size() < kSuspects && !carrier.contains(d)) dimensions_.push_back(d);
  }
  if (!carrier.contains(largest) && std::count(dimensions_.begin(), dimensions_.end(), largest) == 0) {
    dimensions_.push_back(largest);
  }
  for (const int64_t d : dimensions_) {
    const Carrier one{.dimensions = {d}};
    const auto where = trials::short_name(site);
    trials_.push_back({.name = fmt::format("suspect: write channel {} at {}", d, where),
                       .edits = {level_of(site, one, 0, alone.token)}});
    trials_.push_back({.name = fmt::format("suspect: remove channel {} at {}", d, where),
                       .edits = {level_of(site, one, alone.token, 0)}});
  }
}

json Suspects::judge(trials::Runner& r, const std::vector<Outcome>& outcomes) const {
  auto list = json::array();
  const double bound = r.options().equivalence * r.unedited().sink(0).nanmean().item<double>();
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    const int64_t d = dimensions_[i];
    const auto written = r.bootstrap().interval(outcomes[2 * i].sink(kMarked) - r.unedited().sink(kMarked));
    const auto removed = r.bootstrap().interval(outcomes[2 * i + 1].sink(0) - r.unedited().sink(0));
    const std::string a = measure::reading(written, bound), b = measure::reading(removed, bound);
    const double auc = auc_[d].item<double>();
    list.push_back({{"dimension", d},
                    {"site", model::name(trials_[2 * i].edits[0].site)},
                    {"effect_size", measure::finite(trace_.effect[d].item<double>())},
                    {"auc", auc},
                    {"p", measure::p_value(by_chance_, auc)},
                    {"written", measure::to_json(written)},
                    {"removed", measure::to_json(removed)},
                    {"reading", a == "no effect" && b == "no effect" ? "does nothing"
                                : a == "effect" || b == "effect"     ? "acts"
                                                                     : "undecided"}});
  }
  return list;
}

Backup::Backup(const trials::Runner& r, const Alone& alone) {
  const auto& spike = r.facts().spike;
  if (!spike) return;
  const Carrier dimensions{.dimensions = [&] {
    auto all = spike->dimensions;
    std::sort(all.begin(), all.end());
    return all;
  }()};
  trials_ = {{.name = "spike clamped at token 0", .edits = {level_of(spike->site, dimensions, alone.token, 0)}},
             {.name = "spike clamped, token self-only",
              .attention = alone.spec(),
              .edits = {level_of(spike->site, dimensions, alone.token, alone.token)}}};
}

json Backup::judge(trials::Runner& r, const std::vector<Outcome>& outcomes, const Outcome& alone) const {
  if (trials_.empty()) return {};
  constexpr double kNewSpike = 4, kNothing = 1e-6;  // as the spike's own rule
  const double unedited = r.unedited().sink(0).nanmean().item<double>();
  const double left = outcomes[0].sink(0).nanmean().item<double>();
  const auto before = measure::to_vector(alone.written.nanmean(0)),
             after = measure::to_vector(outcomes[1].written.nanmean(0));
  auto blocks = json::array();
  for (auto layer = r.facts().spike->site.layer + 1; layer < r.sink_layer(); ++layer) {
    const auto l = static_cast<size_t>(layer);
    const double bar = kNewSpike * std::max(r.facts().written[l], kNothing);
    if (!std::isfinite(after[l]) || before[l] >= bar || after[l] < std::max(bar, kNewSpike * before[l])) continue;
    blocks.push_back({{"layer", layer}, {"written", after[l]}, {"without", before[l]}});
  }
  return {{"sink_left", measure::to_json(r.bootstrap().interval(outcomes[0].sink(0)))},
          {"sink_stays", left >= kHalf * unedited},
          {"flagged", left >= kHalf * unedited && !blocks.empty()},
          {"blocks", blocks}};
}

Trial one_key_trial(const Alone& alone) {
  return {.name = "sees exactly one other key", .attention = alone.one_key_spec(alone.token / 2)};
}

json judge_one_key(trials::Runner& r, const Outcome& outcome, const Outcome& alone) {
  const auto excess = [](const Outcome& o) { return o.sink(kMarked) - o.ordinary(); };
  const auto over_half = r.bootstrap().interval(excess(outcome) - kHalf * excess(alone));
  const auto over_fifth = r.bootstrap().interval(excess(outcome) - kClampedLeaves * excess(alone));
  const char* mark = over_half.low >= 0 ? "one key" : over_fifth.high <= 0 ? "itself" : "undecided";
  return {{"mark", mark},
          {"one_key", measure::to_json(r.bootstrap().interval(outcome.sink(kMarked)))},
          {"itself", measure::to_json(r.bootstrap().interval(alone.sink(kMarked)))}};
}

}  // namespace sinkscope::experiments::identification
