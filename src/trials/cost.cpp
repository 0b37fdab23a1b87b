#include "sinkscope/trials/cost.h"

#include <algorithm>
#include <set>

#include "sinkscope/app/plan.h"
#include "sinkscope/trials/pass.h"

namespace sinkscope::trials {
namespace {

using intervene::Trial;
using model::Point;
using model::Site;

constexpr double kMovedAndFrozen = 2;  // passes to the sink beside the controls, of most trials
constexpr double kNoOps = 0.3;         // of the trials' number: each place is tried once, many trials share one

}  // namespace

Cost::Cost(const model::Config& config, const Options& options, Layers layers, double whole, double probes)
    : config_(config),
      options_(options),
      sink_layer_(std::clamp<int64_t>(layers.sink, 0, config.n_layers - 1)),
      last_layer_(layers.last >= 0 ? layers.last : config.n_layers - 1),
      whole_(whole),
      probes_(probes) {}

double Cost::full(int64_t first) const {
  const double head = options_.no_loss ? 0 : app::logits_in_layers(config_);
  return (static_cast<double>(std::max<int64_t>(0, last_layer_ + 1 - first)) + head) /
         static_cast<double>(config_.n_layers);
}

double Cost::sink(int64_t first) const {
  return static_cast<double>(std::max<int64_t>(0, sink_layer_ - first + 1)) / static_cast<double>(config_.n_layers);
}

double Cost::sink(const Site& start) const {
  return model::before(Site{Point::pattern, sink_layer_}, start) ? 0 : sink(start.layer);
}

double Cost::with_controls(const Trial& trial) const {
  const auto start = start_of(trial, config_);
  const double frozen = trial.edits.empty() || options_.no_frozen ? 0 : 1, moved = 1;
  const double condition = trial.attention.any() && !trial.edits.empty() ? 1 : 0;
  const bool has_controls = !trial.edits.empty() && trial.random_controls;
  const double controls = has_controls ? static_cast<double>(options_.controls) : 0;
  const auto edits = trial.edits.empty() ? start : start_of(without_conditions(trial), config_);
  return full(start.layer) + (frozen + moved + 2 * condition) * sink(start) + controls * sink(edits);
}

double Cost::of(const std::vector<Trial>& list, Depth depth) const {
  double passes = 0;
  std::set<std::string> no_ops;
  for (const auto& trial : list) {
    if (depth == Depth::probe) {
      passes += sink(start_of(trial, config_));
      continue;
    }
    passes += with_controls(trial);
    const auto idle = without_conditions(trial);
    if (!idle.edits.empty() && no_ops.insert(place_of(idle)).second) passes += full(start_of(idle, config_).layer);
  }
  return passes * (depth == Depth::probe ? probes_ : whole_);
}

double Cost::of(const Design& design, int64_t after) const {
  const int64_t last = design.last_layer >= 0 ? design.last_layer : sink_layer_;
  const int64_t first = design.at_massive_activation ? last / 2 : std::min(after, last);
  const auto controls = static_cast<double>(options_.controls);
  double whole = 0, probes = 0;
  for (int64_t layer = first; layer <= last; ++layer) {
    whole += (1 + kNoOps) * full(layer) + (kMovedAndFrozen + (design.controlled < 0 ? controls : 0)) * sink(layer);
    probes += sink(layer);
  }
  // rows of the unedited run and of one under conditions, up to the sink's layer; before trials a pass without edits
  const double rows = (design.runs.empty() ? 1 : 2) * sink(0);
  const double unedited = design.trials > 0 ? full(0) * whole_ : 0;
  const double by_site = design.by_site ? 2.0 * static_cast<double>(sink_layer_ - std::min(after, sink_layer_) + 1) : 1;
  const double controlled = std::max(0.0, design.controlled) * controls * sink(sink_layer_ - 1) * whole_;
  return rows + unedited + controlled +
         by_site * (design.trials * whole * whole_ + design.probes * probes * probes_) /
             static_cast<double>(last - first + 1);
}

}  // namespace sinkscope::trials
