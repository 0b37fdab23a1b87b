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

std::vector<SinkStage> find_stages(const SinkBaseline& baseline) {
  constexpr double kOfLargest = 0.25, kRead = 0.5;
  const auto& sink = baseline.sink;
  const double largest = *std::max_element(sink.begin(), sink.end());
  std::vector<SinkStage> stages;
  for (size_t first = 0, end = 0; first < sink.size(); first = end + 1) {
    for (end = first; end < sink.size() && sink[end] >= kOverOrdinary * baseline.ordinary[end];) ++end;
    if (end == first) continue;
    const auto at = [&](size_t layer) { return sink.begin() + static_cast<int64_t>(layer); };
    const double own = *std::max_element(at(first), at(end));
    if (own < kOfLargest * largest) continue;
    const auto read = std::find_if(at(first), at(end), [&](double attention) { return attention >= kRead * own; });
    stages.push_back({static_cast<int64_t>(first), static_cast<int64_t>(end) - 1, read - sink.begin()});
  }
  return stages;
}

SinkBaseline find_sink_baseline(app::Run& r, const Keys& keys, int64_t q_min, size_t batches, int64_t named) {
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
  baseline.stages = named < 0 ? find_stages(baseline) : std::vector<SinkStage>{{named, named, named}};
  int64_t after = 0;
  for (auto& stage : baseline.stages) {
    stage.massive_activation = measure::find_massive_activation(outputs, stage.layer, after);
    after = stage.layer;
  }
  for (int64_t layer = 0; layer < L; ++layer) {
    baseline.written.push_back(outputs.norm_at_others({Point::mlp_out, layer}));
  }
  return baseline;
}

nlohmann::json to_json(const SinkStage& stage) {
  return {{"first", stage.first},
          {"last", stage.last},
          {"layer", stage.layer},
          {"massive_activation", stage.massive_activation ? to_json(*stage.massive_activation) : nlohmann::json()}};
}

nlohmann::json to_json(const SinkBaseline& baseline) {
  const auto& massive = baseline.massive_activation;
  return {{"sink_layer", baseline.has_sink() ? nlohmann::json(baseline.sink_layer) : nlohmann::json()},
          {"sink_layer_rule", kSinkLayerRule},
          {"mean_attention", {{"first", baseline.sink}, {"ordinary", baseline.ordinary}}},
          {"massive_activation", massive ? to_json(*massive) : nlohmann::json()}};
}

}  // namespace sinkscope::trials
