#include "experiments/mlp_probe/massive_activation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sinkscope/measure/outliers.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments {
namespace {

using measure::MassiveActivation;
using measure::VectorStats;
using nlohmann::json;

constexpr int64_t kTopNeurons = 8;

std::vector<size_t> all_but_first(size_t count) {
  std::vector<size_t> which(count - 1);
  std::iota(which.begin(), which.end(), size_t{1});
  return which;
}

at::Tensor down_projection(const app::Run& r, int64_t layer) {
  return r.model().block(layer).mlp.down_weight().to(at::kCPU, at::kDouble);  // [d, m]
}

/// Statistics of gate, up and post at one layer.
struct NeuronStats {
  VectorStats gate, up, post;
};

NeuronStats measure_neurons(app::Run& r, int64_t layer, const std::vector<int64_t>& tokens) {
  NeuronStats stats{VectorStats(tokens), VectorStats(tokens), VectorStats(tokens)};
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    const auto add = [&](model::Point point, VectorStats& to) {
      taps.read({point, layer}, [&](const at::Tensor& x) { to.add(x, batch.lengths); });
    };
    add(model::Point::mlp_pre, stats.gate);
    add(model::Point::mlp_pre_linear, stats.up);
    add(model::Point::mlp_post, stats.post);
    r.forward(batch, taps);
  }
  return stats;
}

json describe_neuron(int64_t neuron, int64_t first, size_t which, const NeuronStats& stats,
                     const MassiveActivation& massive, const at::Tensor& down) {
  const auto post = stats.post.token(which);
  const double activation = post.mean[neuron].item<double>();
  const auto column = down.select(1, neuron), first_column = down.select(1, first);
  json contributions;
  for (const int64_t d : massive.dimensions) contributions.push_back(activation * column[d].item<double>());
  return {{"neuron", neuron},
          {"activation", activation},
          {"gate", stats.gate.token(which).mean[neuron].item<double>()},
          {"up", stats.up.token(which).mean[neuron].item<double>()},
          {"energy_share", (post.energy[neuron] / post.energy.sum()).item<double>()},
          {"cosine_to_first",
           measure::finite((column.dot(first_column) / (column.norm() * first_column.norm())).item<double>())},
          {"contributions", contributions}};
}

}  // namespace

json describe(const MassiveActivation& massive, const VectorStats& written) {
  const auto token = written.token(0);
  const auto others = measure::mean_abs_of(written, all_but_first(written.tokens().size()));
  auto dimensions = json::array();
  for (const int64_t d : massive.dimensions) {
    const double mean = token.mean[d].item<double>();
    dimensions.push_back({{"dimension", d},
                          {"mean", mean},
                          {"others", others[d].item<double>()},
                          {"massive", std::abs(mean) > 100 && std::abs(mean) > 1000 * token.median_abs}});
  }
  auto described = measure::to_json(massive);
  described.update({{"layer", massive.site.layer}, {"token", 0}, {"dimensions", dimensions}});
  return described;
}

json probe_neurons(app::Run& r, const MassiveActivation& massive, const std::vector<int64_t>& tokens) {
  if (massive.site.point != model::Point::mlp_out) return {};
  const auto stats = measure_neurons(r, massive.site.layer, tokens);
  const auto down = down_projection(r, massive.site.layer);
  auto described = json::array();
  for (size_t which = 0; which < tokens.size(); ++which) {
    const auto post = stats.post.token(which);
    const auto order = std::get<1>(post.energy.topk(std::min(kTopNeurons, post.energy.numel())));
    auto top = json::array();
    for (int64_t i = 0; i < order.numel(); ++i) {
      top.push_back(describe_neuron(order[i].item<int64_t>(), order[0].item<int64_t>(), which, stats, massive, down));
    }
    json energy;
    for (const int share : {25, 75, 99})
      energy[std::to_string(share)] = measure::dimensions_holding(post.energy, share / 100.0);
    described.push_back({{"token", tokens[which]}, {"norm", post.norm_mean}, {"energy", energy}, {"top", top}});
  }
  return {{"layer", massive.site.layer}, {"tokens", described}};
}

json probe_direction(app::Run& r, const MassiveActivation& massive, const VectorStats& written,
                     const std::vector<int64_t>& tokens) {
  const int64_t n_layers = r.config().n_layers;
  if (massive.site.layer + 1 == n_layers) return {};
  const auto mean = written.token(0).mean;
  const auto direction = (mean / mean.norm()).to(r.model().device(), at::kFloat);
  const int64_t later = n_layers - massive.site.layer - 1;
  auto before = at::zeros({later, static_cast<int64_t>(tokens.size())}, at::kDouble), after = at::zeros_like(before);
  auto samples = at::zeros({static_cast<int64_t>(tokens.size())}, at::kDouble);
  for (const auto& batch : r.batches()) {
    const auto add = [&](at::Tensor into, const at::Tensor& x) {  // into [tokens]
      const auto cosine =
          at::cosine_similarity(x.to(at::kFloat), direction, -1, 1e-12).to(at::kCPU, at::kDouble);  // [n, T]
      for (size_t i = 0; i < tokens.size(); ++i) {
        for (int64_t s = 0; s < batch.n; ++s) {
          if (tokens[i] < batch.lengths[s]) into[static_cast<int64_t>(i)] += cosine[s][tokens[i]];
        }
      }
    };
    model::Taps taps(r.config());
    for (int64_t i = 0; i < later; ++i) {
      const int64_t layer = massive.site.layer + 1 + i;
      taps.read({model::Point::resid_pre, layer}, [&, i](const at::Tensor& x) { add(before[i], x); });
      taps.read({model::Point::ln1, layer}, [&, i](const at::Tensor& x) { add(after[i], x); });
    }
    for (size_t i = 0; i < tokens.size(); ++i) {
      for (const int64_t length : batch.lengths) samples[static_cast<int64_t>(i)] += tokens[i] < length;
    }
    r.forward(batch, taps);
  }
  json layers, before_rows, after_rows;
  for (int64_t i = 0; i < later; ++i) {
    const auto row = [&](const at::Tensor& sums) { return measure::finite(model::to_vector(sums[i] / samples)); };
    layers.push_back(massive.site.layer + 1 + i);
    before_rows.push_back(row(before));
    after_rows.push_back(row(after));
  }
  return {{"layers", layers}, {"tokens", tokens}, {"before_gain", before_rows}, {"after_gain", after_rows}};
}

}  // namespace sinkscope::experiments
