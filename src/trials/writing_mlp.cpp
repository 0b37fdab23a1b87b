#include "sinkscope/trials/writing_mlp.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sinkscope/measure/massive_activation.h"

namespace sinkscope::trials {

using model::Point;

void add_mlp_option(CLI::App& app, int64_t& layer) {
  app.add_option("--mlp-layer", layer,
                 "look into the MLP of this layer; -1: the one that writes the massive activation")
      ->capture_default_str()
      ->check(CLI::Range(-1, 1 << 20));
}

WritingMlp writing_mlp(int64_t asked, const Runner& runner) {
  if (asked >= 0) return {asked};
  const auto& baseline = runner.baseline();
  constexpr char kRemedy[] = "--mlp-layer names an MLP";
  if (!baseline.has_sink()) return {-1, no_sink(kRemedy)};
  if (!baseline.massive_activation) {
    return {-1, fmt::format("no massive activation: nothing before the sink layer {} writes one; {}",
                            baseline.sink_layer, kRemedy)};
  }
  const auto& site = baseline.massive_activation->site;
  if (site.point == Point::mlp_out) return {site.layer};
  return {-1, fmt::format("the massive activation is written at {}, by no MLP; {}", model::name(site), kRemedy)};
}

std::string why_unseen(const model::Site& site, const Runner& runner) {
  const int64_t layer = runner.sink_layer();
  if (layer < 0) return no_sink();
  if (model::before(site, {Point::pattern, layer})) return {};
  return fmt::format("{} comes after the attention of layer {}, where the sink is read", model::name(site), layer);
}

std::vector<int64_t> strongest_neurons(const at::Tensor& energy) {
  constexpr int64_t kLeast = 3, kMost = 16;
  constexpr double kHeld = 0.9;
  const auto count = std::clamp(measure::dimensions_holding(energy, kHeld), kLeast, kMost);
  const auto [values, order] = energy.topk(std::min(count, energy.numel()));
  std::vector<int64_t> neurons;
  for (int64_t i = 0; i < order.numel() && values[i].item<double>() > 0; ++i) {
    neurons.push_back(order[i].item<int64_t>());
  }
  return neurons;
}

}  // namespace sinkscope::trials
