#include "experiments/gate_readout/mlp_activations.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/mlp_gradient.h"
#include "sinkscope/measure/separation.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/activation.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments {
namespace {

using model::Point;
using nlohmann::json;

constexpr int64_t kTokens = 9;  // tokens 0 to 8
constexpr int64_t kShown = 8;   // channels named of a direction

at::Tensor unit_on_cpu(const at::Tensor& gradients) {
  return measure::unit_rows(gradients.to(at::kCPU));
}

/// z_j² by the MLP's normalised input: [n, d].
at::Tensor by_normed(const model::Model& model, int64_t layer, int64_t neuron, const MlpActivations& at_layer) {
  return measure::neuron_gradient(model.block(layer).mlp, neuron, at_layer.gate, at_layer.up);
}

/// From the gradient by the normalised input that by what the attention adds to the residual.
at::Tensor by_attention(const model::Model& model, int64_t layer, const at::Tensor& gradient,
                        const MlpActivations& at_layer) {
  return model.reader_of({Point::attn_out, layer})->norm.back(gradient, at_layer.residual);
}

}  // namespace

std::map<int64_t, MlpActivations> read_mlps(app::Run& r, const std::vector<int64_t>& layers) {
  struct Parts {
    std::vector<at::Tensor> gate, up, residual, normed, attn_out;
  };
  std::map<int64_t, Parts> parts;
  const int64_t tokens = std::min(kTokens, *std::min_element(r.lengths().begin(), r.lengths().end()));
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    const auto keep = [&](Point point, int64_t layer, std::vector<at::Tensor>& into, int64_t count) {
      taps.read({point, layer}, [&into, count](const at::Tensor& x) {
        into.push_back(x.slice(1, 0, count).to(at::kFloat, /*non_blocking=*/false, /*copy=*/true));
      });
    };
    for (const int64_t layer : layers) {
      auto& part = parts[layer];
      keep(Point::mlp_pre, layer, part.gate, 1);
      keep(Point::mlp_pre_linear, layer, part.up, 1);
      keep(Point::mlp_in, layer, part.residual, 1);
      keep(Point::ln2, layer, part.normed, tokens);
      keep(Point::attn_out, layer, part.attn_out, tokens);
    }
    r.forward(batch, taps);
  }
  std::map<int64_t, MlpActivations> activations;
  for (const auto& [layer, part] : parts) {
    activations[layer] = {at::cat(part.gate).select(1, 0),
                          at::cat(part.up).select(1, 0),
                          at::cat(part.residual).select(1, 0),
                          at::cat(part.normed),
                          at::cat(part.attn_out),
                          r.config().activation};
  }
  return activations;
}

at::Tensor MlpActivations::energy() const {
  return (model::activate(activation, gate) * up).to(at::kDouble).square().mean(0);
}

at::Tensor ReadOut::direction() const {
  return measure::unit_rows(gradients.mean(0));
}

MlpActivations MlpActivations::of(const at::Tensor& samples) const {
  const auto some = [&](const at::Tensor& x) { return x.index_select(0, samples.to(x.device())); };
  return {some(gate), some(up), some(residual), some(normed), some(attn_out), activation};
}

ReadOut neuron_read_out(const model::Model& model, int64_t layer, int64_t neuron, const SplitActivations& split) {
  return {.name = fmt::format("neuron {}", neuron),
          .site = {Point::ln2, layer},
          .gradients = unit_on_cpu(by_normed(model, layer, neuron, split.choosing)),
          .rows = split.testing.normed.to(at::kCPU)};
}

ReadOut neuron_read_out_of_attention(const model::Model& model, int64_t layer, int64_t neuron,
                                     const SplitActivations& split) {
  const auto gradient = by_normed(model, layer, neuron, split.choosing);
  return {.name = fmt::format("neuron {} by the attention", neuron),
          .site = {Point::attn_out, layer},
          .gradients = unit_on_cpu(by_attention(model, layer, gradient, split.choosing)),
          .rows = split.testing.attn_out.to(at::kCPU)};
}

ReadOut write_read_out(const model::Model& model, int64_t layer, int64_t dimension, const SplitActivations& split) {
  const auto gradient =
      measure::write_gradient(model.block(layer).mlp, dimension, split.choosing.gate, split.choosing.up);
  return {.name = fmt::format("{}:{}", model::name({Point::mlp_out, layer}), dimension),
          .site = {Point::attn_out, layer},
          .gradients = unit_on_cpu(by_attention(model, layer, gradient, split.choosing)),
          .rows = split.testing.attn_out.to(at::kCPU)};
}

json to_json(const ReadOut& read) {
  const auto direction = read.direction();
  const auto projections = at::matmul(read.rows, direction);  // [n, tokens]
  auto tokens = json::array(), channels = json::array();
  for (int64_t token = 0; token < projections.size(1); ++token) {
    const auto values = model::to_vector(projections.select(1, token));
    auto row = measure::to_json(measure::summarize(values));
    row["token"] = token;
    row["by_sample"] = values;
    tokens.push_back(std::move(row));
  }
  const auto apart = read.rows.select(1, 0).mean(0) - read.rows.slice(1, 1).mean(at::IntArrayRef{0, 1});
  const auto order = std::get<1>(direction.abs().topk(std::min(kShown, direction.numel())));
  for (int64_t i = 0; i < order.numel(); ++i) {
    const auto channel = order[i].item<int64_t>();
    const double component = direction[channel].item<double>();
    channels.push_back(
        {{"channel", channel}, {"component", component}, {"contribution", component * apart[channel].item<double>()}});
  }
  return {{"name", read.name},
          {"site", model::name(read.site)},
          {"consistency", read.gradients.mean(0).norm().item<double>()},
          {"effective_rank", measure::finite(measure::spectrum(read.gradients).effective_rank)},
          {"auc", measure::auc(projections.unsqueeze(2))[0].item<double>()},
          {"tokens", tokens},
          {"channels", channels}};
}

}  // namespace sinkscope::experiments
