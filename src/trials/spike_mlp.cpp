#include "sinkscope/trials/spike_mlp.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sinkscope/error.h"
#include "sinkscope/measure/spike.h"

namespace sinkscope::trials {

using model::Point;

void add_mlp_option(CLI::App& app, int64_t& layer) {
  app.add_option("--mlp-layer", layer, "look into the MLP of this layer; -1: the one that writes the spike")
      ->capture_default_str()
      ->check(CLI::Range(-1, 1 << 20));
}

void check_mlp_layer(int64_t asked, const model::Config& config) {
  if (asked < config.n_layers) return;
  throw InputError(
      fmt::format("--mlp-layer {}: the model has {} (0 to {})", asked, config.n_layers, config.n_layers - 1));
}

SpikeMlp spike_mlp(int64_t asked, const Runner& runner) {
  if (asked >= 0) return {asked};
  const auto& facts = runner.facts();
  if (!facts.has_sink()) return {-1, "no sink: no layer's attention to token 0 stands out; --mlp-layer names an MLP"};
  if (!facts.spike) {
    return {-1, fmt::format("no spike: nothing before the sink layer {} writes one; --mlp-layer names an MLP",
                            facts.sink_layer)};
  }
  const auto& site = facts.spike->site;
  if (site.point == Point::mlp_out) return {site.layer};
  return {-1, fmt::format("the spike stands at {}, which no MLP writes; --mlp-layer names an MLP", model::name(site))};
}

std::string why_unseen(const model::Site& site, const Runner& runner) {
  const int64_t layer = runner.sink_layer();
  if (layer < 0) {
    return "no sink: no layer's attention to token 0 stands out; --layer names one to read at all the same";
  }
  if (model::before(site, {Point::pattern, layer})) return {};
  return fmt::format("{} comes after the attention of layer {}, where the sink is read", model::name(site), layer);
}

std::vector<int64_t> strongest_neurons(const at::Tensor& energy) {
  constexpr int64_t kLeast = 3, kMost = 16;
  constexpr double kHeld = 0.9;
  const auto count = std::clamp(measure::neurons_holding(energy, kHeld), kLeast, kMost);
  const auto [values, order] = energy.topk(std::min(count, energy.numel()));
  std::vector<int64_t> neurons;
  for (int64_t i = 0; i < order.numel() && values[i].item<double>() > 0; ++i) {
    neurons.push_back(order[i].item<int64_t>());
  }
  return neurons;
}

}  // namespace sinkscope::trials
