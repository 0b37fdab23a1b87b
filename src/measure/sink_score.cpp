#include "sinkscope/measure/sink_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "measure/query_weights.h"
#include "sinkscope/error.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
SinkScore::SinkScore(const model::Config& config, std::vector<Tracked> tracked, std::vector<int64_t> lengths)
    : n_layers_(config.n_layers),
      tracked_(std::move(tracked)),
      lengths_(std::move(lengths)),
      means_(config.n_layers),
      alphas_(config.n_layers) {
  std::map<int64_t, int64_t> layers;
  for (int64_t layer = 0; layer < n_layers_; ++layer) ++layers[config.layer(layer).window];
  for (const auto& [window, count] : layers)
    windows_[window] = static_cast<double>(count) / static_cast<double>(n_layers_);
  const int64_t longest = *std::max_element(lengths_.begin(), lengths_.end());
  for (const auto& t : tracked_) {
    if (t.token < 0 || first_query(t) >= longest) {
      throw InputError(fmt::format("attention to token {} from queries {} on: the longest sample has {} tokens",
                                   t.token, first_query(t), longest));
    }
  }
}

void SinkScore::attach(model::Taps& taps, int64_t first, int64_t n, int64_t T, at::Device device) {
  const std::vector<int64_t> lengths(lengths_.begin() + first, lengths_.begin() + first + n);
  std::vector<int64_t> keys, queries;
  for (const auto& t : tracked_) {
    keys.push_back(t.token);
    queries.push_back(first_query(t));
  }
  const auto mean_weights = model::send(query_weights(lengths, queries, T).unsqueeze(1), device);
  const auto alpha_weights = model::send(query_weights(lengths, keys, T).unsqueeze(1), device);
  for (int64_t layer = 0; layer < n_layers_; ++layer) {
    taps.columns(layer, keys, [=, this](const at::Tensor& columns) {  // [n, H, T, tracked]
      means_[layer].push_back((columns * mean_weights).sum(2));
      alphas_[layer].push_back((columns * alpha_weights).sum(2));
    });
  }
}

at::Tensor SinkScore::gather(const std::vector<std::vector<at::Tensor>>& parts, size_t which) const {
  std::vector<at::Tensor> layers;
  for (const auto& batches : parts) {
    layers.push_back(at::cat(batches, 0).select(-1, static_cast<int64_t>(which)));  // [samples, H]
  }
  auto gathered = at::stack(layers, 1).to(at::kCPU, at::kDouble);
  for (int64_t sample = 0; sample < gathered.size(0); ++sample) {
    if (first_query(tracked_[which]) >= lengths_[sample])
      gathered[sample].fill_(std::numeric_limits<double>::quiet_NaN());
  }
  return gathered;
}

at::Tensor SinkScore::mean_attention(size_t which) const {
  return gather(means_, which);
}

at::Tensor SinkScore::alpha(size_t which) const {
  return gather(alphas_, which);
}

std::vector<double> SinkScore::by_sample(size_t which) const {
  return model::to_vector(mean_attention(which).mean(at::IntArrayRef{1, 2}));
}

double SinkScore::uniform(size_t which) const {
  double mean = 0;
  for (const auto& [window, share] : windows_) mean += share * uniform(which, window);
  return mean;
}

double SinkScore::uniform(size_t which, int64_t window) const {
  const int64_t most = window > 0 ? window : std::numeric_limits<int64_t>::max();
  double total = 0, samples = 0;
  for (const int64_t length : lengths_) {
    const int64_t token = tracked_[which].token, first = first_query(tracked_[which]);
    if (first >= length) continue;
    double sum = 0;
    for (int64_t query = first; query < length && query - token < most; ++query)
      sum += 1.0 / static_cast<double>(std::min(query + 1, most));
    total += sum / static_cast<double>(length - first);
    ++samples;
  }
  return total / samples;
}

nlohmann::json SinkScore::to_json(size_t which) const {
  const auto mean = mean_attention(which), a = alpha(which);
  const auto summary = summarize(by_sample(which));
  std::vector<double> by_layer, half_widths;
  for (int64_t layer = 0; layer < n_layers_; ++layer) {
    const auto of_layer = summarize(model::to_vector(mean.select(1, layer).mean(1)));
    by_layer.push_back(of_layer.mean);
    half_widths.push_back(of_layer.half_width);
  }
  const auto by_head = mean.nanmean(0);  // [L, H]
  auto heads = nlohmann::json::array();
  for (int64_t layer = 0; layer < n_layers_; ++layer) heads.push_back(finite(model::to_vector(by_head[layer])));
  auto attention = measure::to_json(summary);
  attention["by_layer"] = finite(by_layer);
  attention["by_layer_ci95"] = finite(half_widths);
  attention["by_layer_head"] = heads;
  attention["by_sample"] = finite(by_sample(which));

  auto rates = nlohmann::json::array();
  const auto there = a.isnan().logical_not();
  for (const double epsilon : kSinkEpsilons) {
    const auto above = at::where(there, (a > epsilon).to(at::kDouble), a);  // NaN where there is no query
    rates.push_back({{"epsilon", epsilon},
                     {"mean", finite(above.nanmean().item<double>())},
                     {"by_layer", finite(model::to_vector(above.nanmean(at::IntArrayRef{0, 2})))}});
  }
  return {{"token", tracked_[which].token}, {"first_query", first_query(tracked_[which])},
          {"samples", summary.n},           {"uniform", finite(uniform(which))},
          {"mean_attention", attention},    {"sink_rate", rates}};
}

nlohmann::json SinkScore::to_json() const {
  auto list = nlohmann::json::array();
  for (size_t which = 0; which < tracked_.size(); ++which) list.push_back(to_json(which));
  return list;
}

nlohmann::json sink_metric_definitions(int64_t q_min) {
  return {{"mean_attention",
           fmt::format("mean of the post-softmax attention A[l,h,q,k] over queries q >= max(k+1, {}) of a sample (a "
                       "token's first_query where it says more), then over samples and heads; per layer, and averaged "
                       "over layers; no self term; a query that a sliding window keeps from k gives 0; ci95 by "
                       "Student's t over samples",
                       q_min)},
          {"sink_rate",
           "Gu et al. 2025: alpha = (1/(T-k)) sum over q >= k of A[l,h,q,k] in a sample, self term included; share of "
           "(sample, layer, head) with alpha > epsilon"},
          {"uniform", "what 1/(q+1), or 1/window in a sliding window, gives over the same queries"}};
}

}  // namespace sinkscope::measure
