#include "sinkscope/trials/facts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/attention_to.h"
#include "sinkscope/measure/spike.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/measure/vector_stats.h"

namespace sinkscope::trials {
namespace {

using measure::VectorStats;
using model::Point;

constexpr double kOverOthers = 4, kHeld = 0.9;
constexpr int64_t kNamed = 16, kLastOther = 8;

double norm_at_others(const VectorStats& stats) {
  double sum = 0;
  for (size_t i = 1; i < stats.tokens().size(); ++i) sum += stats.token(i).norm_mean;
  return sum / static_cast<double>(stats.tokens().size() - 1);
}

std::optional<Spike> as_spike(const model::Site& site, const VectorStats& stats) {
  const auto first = stats.token(0);
  const double others = norm_at_others(stats);
  if (first.norm_mean < kOverOthers * others || first.norm_mean == 0) return std::nullopt;
  Spike spike{site, {}, measure::neurons_holding(first.energy, kHeld), first.norm_mean, others};
  const auto order = std::get<1>(first.energy.topk(std::min(kNamed, spike.holding)));
  for (int64_t i = 0; i < order.numel(); ++i) spike.dimensions.push_back(order[i].item<int64_t>());
  return spike;
}

int64_t find_sink_layer(const Facts& facts) {
  const double largest = *std::max_element(facts.sink.begin(), facts.sink.end());
  for (size_t layer = 0; layer < facts.sink.size(); ++layer) {
    const double sink = facts.sink[layer];
    if (sink >= 0.5 * largest && sink >= kOverOrdinary * facts.ordinary[layer]) return static_cast<int64_t>(layer);
  }
  return -1;
}

}  // namespace

Facts find_facts(app::Run& r, const Keys& keys, int64_t q_min) {
  const int64_t L = r.config().n_layers;
  std::vector<int64_t> layers, tokens;
  for (int64_t layer = 0; layer < L; ++layer) layers.push_back(layer);
  const int64_t shortest = *std::min_element(r.lengths().begin(), r.lengths().end());
  for (int64_t token = 0; token <= std::min(kLastOther, shortest - 1); ++token) tokens.push_back(token);
  std::vector<VectorStats> attn(L, VectorStats(tokens)), mlp(L, VectorStats(tokens));
  measure::AttentionTo attention(keys.all(), keys.first_queries(q_min), layers);
  std::vector<at::Tensor> seen;
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    attention.attach(taps, batch.lengths, batch.ids.size(1), r.device());
    for (int64_t layer = 0; layer < L; ++layer) {
      taps.read({Point::attn_out, layer}, [&, layer](const at::Tensor& x) { attn[layer].add(x, batch.lengths); });
      taps.read({Point::mlp_out, layer}, [&, layer](const at::Tensor& x) { mlp[layer].add(x, batch.lengths); });
    }
    r.forward(batch, taps);
    seen.push_back(attention.values());
  }
  const auto means = at::cat(seen).nanmean(0);  // [L, keys]
  const auto tracked = static_cast<int64_t>(keys.tracked.size());
  Facts facts;
  facts.sink = measure::to_vector(means.select(1, 0));
  facts.ordinary = measure::to_vector(means.slice(1, tracked).mean(1));
  facts.sink_layer = find_sink_layer(facts);
  for (int64_t layer = 0; layer < L; ++layer) facts.written.push_back(norm_at_others(mlp[layer]));
  for (int64_t layer = 0; !facts.spike && layer < facts.sink_layer; ++layer) {
    facts.spike = as_spike({Point::attn_out, layer}, attn[layer]);
    if (!facts.spike) facts.spike = as_spike({Point::mlp_out, layer}, mlp[layer]);
  }
  return facts;
}

nlohmann::json to_json(const Facts& facts) {
  nlohmann::json spike;
  if (facts.spike) {
    spike = {{"site", model::name(facts.spike->site)},     {"dimensions", facts.spike->dimensions},
             {"holding_90_percent", facts.spike->holding}, {"norm", facts.spike->norm},
             {"norm_at_others", facts.spike->others},      {"rule", kTrialSpikeRule}};
  }
  return {{"sink_layer", facts.has_sink() ? nlohmann::json(facts.sink_layer) : nlohmann::json()},
          {"sink_layer_rule", kSinkLayerRule},
          {"mean_attention", {{"first", facts.sink}, {"ordinary", facts.ordinary}}},
          {"spike", spike}};
}

}  // namespace sinkscope::trials
