#include "experiments/identify/flags.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sinkscope/measure/separation.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using intervene::Trial;
using nlohmann::json;
using trials::Outcome;

constexpr size_t kSuspects = 6;

const json kOneKey{{"part", "one other key"}};

json about_suspect(int64_t dimension) {
  return {{"part", "suspect"}, {"dimension", dimension}};
}

std::set<int64_t> channels_of(const Candidate& candidate) {
  const auto all = joined(candidate.sufficient);
  if (all.is_directions()) return {};
  return {all.dimensions.begin(), all.dimensions.end()};
}

}  // namespace

Suspects::Suspects(trials::Runner& r, const Evidence& evidence, const Alone& alone) : site_(evidence.candidate().site) {
  const auto rows = traced_rows(r, "unedited", site_, r.choosing());
  trace_ = trace_of(rows);
  auc_ = measure::auc(rows).to(at::kCPU);
  by_chance_ = measure::largest_auc_by_chance(rows, static_cast<uint64_t>(r.run().options().seed));
  const auto own = channels_of(evidence.candidate());
  const auto largest = trace_.first.abs().argmax().item<int64_t>();
  for (const int64_t d : trace_.by_effect) {
    if (dimensions_.size() < kSuspects && !own.contains(d)) dimensions_.push_back(d);
  }
  if (!own.contains(largest) && std::count(dimensions_.begin(), dimensions_.end(), largest) == 0) {
    dimensions_.push_back(largest);
  }
  for (const int64_t d : dimensions_) {
    const Signal one{.dimensions = {d}};
    const auto where = trials::short_name(site_);
    trials_.push_back({.name = fmt::format("suspect: write channel {} at {}", d, where),
                       .role = Role::writing,
                       .about = about_suspect(d),
                       .edits = {level_of(site_, one, 0, alone.token)},
                       .random_controls = false});
    trials_.push_back({.name = fmt::format("suspect: remove channel {} at {}", d, where),
                       .role = Role::removal,
                       .about = about_suspect(d),
                       .edits = {level_of(site_, one, alone.token, 0)},
                       .random_controls = false});
  }
}

json Suspects::judge(trials::Runner& r, const std::vector<Measured>& measured) const {
  auto list = json::array();
  const double bound = r.options().equivalence * r.unedited().sink(0).nanmean().item<double>();
  for (const int64_t d : dimensions_) {
    const auto& writing = outcome_of(measured, Role::writing, about_suspect(d));
    const auto& removal = outcome_of(measured, Role::removal, about_suspect(d));
    const auto written = r.bootstrap().interval(writing.sink(kLater) - r.unedited().sink(kLater));
    const auto removed = r.bootstrap().interval(removal.sink(0) - r.unedited().sink(0));
    const std::string a = measure::reading(written, bound), b = measure::reading(removed, bound);
    const double auc = auc_[d].item<double>();
    list.push_back({{"dimension", d},
                    {"site", model::name(site_)},
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

Signal signal_of(const measure::MassiveActivation& massive) {
  Signal signal{.dimensions = massive.dimensions};
  std::sort(signal.dimensions.begin(), signal.dimensions.end());
  return signal;
}

Backup::Backup(const trials::Runner& r, const Alone& alone) {
  const auto& massive = r.massive_activation();
  if (!massive) return;
  const auto dimensions = signal_of(*massive);
  trials_ = {{.name = "massive activation clamped at token 0",
              .role = Role::removal,
              .about = kBackup,
              .edits = {level_of(massive->site, dimensions, alone.token, 0)}},
             {.name = "massive activation clamped, token self-only",
              .role = Role::clamp,
              .about = kBackup,
              .attention = alone.condition(),
              .edits = {level_of(massive->site, dimensions, alone.token, alone.token)}}};
}

json Backup::judge(trials::Runner& r, const std::vector<Measured>& measured) const {
  if (trials_.empty()) return {};
  const auto& removal = outcome_of(measured, Role::removal, kBackup);
  const auto& clamped = outcome_of(measured, Role::clamp, kBackup);
  const auto& alone = outcome_of(measured, Role::condition, kItself);
  constexpr double kNewlyMassive = 4, kNothing = 1e-6;  // as the massive activation's own rule
  const double unedited = r.unedited().sink(0).nanmean().item<double>();
  const double left = removal.sink(0).nanmean().item<double>();
  const auto before = model::to_vector(alone.written.nanmean(0)), after = model::to_vector(clamped.written.nanmean(0));
  auto blocks = json::array();
  for (auto layer = r.massive_activation()->site.layer + 1; layer < r.sink_layer(); ++layer) {
    const auto l = static_cast<size_t>(layer);
    const double bar = kNewlyMassive * std::max(r.baseline().written[l], kNothing);
    if (!std::isfinite(after[l]) || before[l] >= bar || after[l] < std::max(bar, kNewlyMassive * before[l])) continue;
    blocks.push_back({{"layer", layer}, {"written", after[l]}, {"without", before[l]}});
  }
  return {{"sink_left", measure::to_json(r.bootstrap().interval(removal.sink(0)))},
          {"sink_stays", left >= kHalf * unedited},
          {"flagged", left >= kHalf * unedited && !blocks.empty()},
          {"blocks", blocks}};
}

std::vector<Trial> self_only_trials(const Alone& alone) {
  return {{.name = alone.run(), .role = Role::condition, .about = kItself, .attention = alone.condition()},
          {.name = "sees exactly one other key",
           .role = Role::condition,
           .about = kOneKey,
           .attention = intervene::sees_only(alone.token, {alone.token / 2}, alone.layers())}};
}

json judge_one_key(trials::Runner& r, const std::vector<Measured>& measured) {
  const auto& outcome = outcome_of(measured, Role::condition, kOneKey);
  const auto& alone = outcome_of(measured, Role::condition, kItself);
  const auto excess = [](const Outcome& o) { return o.sink(kLater) - o.ordinary(); };
  const auto over_half = r.bootstrap().interval(excess(outcome) - kHalf * excess(alone));
  const auto over_fifth = r.bootstrap().interval(excess(outcome) - kClampedLeaves * excess(alone));
  const char* given_by = over_half.low >= 0 ? "one key" : over_fifth.high <= 0 ? "itself" : "undecided";
  return {{"given_by", given_by},
          {"one_key", measure::to_json(r.bootstrap().interval(outcome.sink(kLater)))},
          {"itself", measure::to_json(r.bootstrap().interval(alone.sink(kLater)))}};
}

}  // namespace sinkscope::experiments::identification
