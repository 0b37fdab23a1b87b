#include "sinkscope/trials/sink_baseline.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/attention_to.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials {
namespace {

using model::Point;

int64_t find_sink_layer(const SinkBaseline& baseline) {
  const double largest = *std::max_element(baseline.sink.begin(), baseline.sink.end());
  for (size_t layer = 0; layer < baseline.sink.size(); ++layer) {
    const double sink = baseline.sink[layer];
    if (sink >= 0.5 * largest && sink >= kOverOrdinary * baseline.ordinary[layer]) return static_cast<int64_t>(layer);
  }
  return -1;
}

}  // namespace

SinkBaseline find_sink_baseline(app::Run& r, const Keys& keys, int64_t q_min, size_t batches) {
  const int64_t L = r.config().n_layers;
  std::vector<int64_t> layers;
  for (int64_t layer = 0; layer < L; ++layer) layers.push_back(layer);
  measure::BlockOutputs outputs(L, *std::min_element(r.lengths().begin(), r.lengths().end()));
  measure::AttentionTo attention(keys.all(), keys.first_queries(q_min), layers);
  std::vector<at::Tensor> seen;
  for (size_t i = 0; i < batches; ++i) {
    const auto& batch = r.batches()[i];
    model::Taps taps(r.config());
    attention.attach(taps, batch.lengths, batch.ids.size(1), r.model().device());
    outputs.attach(taps, batch.lengths);
    r.forward(batch, taps);
    seen.push_back(attention.values());
  }
  const auto means = at::cat(seen).nanmean(0);  // [L, keys]
  const auto tracked = static_cast<int64_t>(keys.tracked.size());
  SinkBaseline baseline;
  baseline.sink = model::to_vector(means.select(1, 0));
  baseline.ordinary = model::to_vector(means.slice(1, tracked).mean(1));
  baseline.sink_layer = find_sink_layer(baseline);
  baseline.massive_activation = measure::find_massive_activation(outputs, baseline.sink_layer);
  for (int64_t layer = 0; layer < L; ++layer) {
    baseline.written.push_back(outputs.norm_at_others({Point::mlp_out, layer}));
  }
  return baseline;
}

nlohmann::json to_json(const SinkBaseline& baseline) {
  const auto& massive = baseline.massive_activation;
  return {{"sink_layer", baseline.has_sink() ? nlohmann::json(baseline.sink_layer) : nlohmann::json()},
          {"sink_layer_rule", kSinkLayerRule},
          {"mean_attention", {{"first", baseline.sink}, {"ordinary", baseline.ordinary}}},
          {"massive_activation", massive ? to_json(*massive) : nlohmann::json()}};
}

}  // namespace sinkscope::trials
