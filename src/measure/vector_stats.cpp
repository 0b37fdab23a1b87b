#include "sinkscope/measure/vector_stats.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::measure {
namespace {

double mean_of(const std::vector<double>& values) {
  return summarize(values).mean;
}

}  // namespace

VectorStats::VectorStats(std::vector<int64_t> tokens) : tokens_(std::move(tokens)), sums_(tokens_.size()) {}

void VectorStats::add(const at::Tensor& x, const std::vector<int64_t>& lengths) {
  for (int64_t sample = 0; sample < x.size(0); ++sample) {
    const auto state = x[sample].slice(0, 0, lengths[sample]).flatten(1);
    abs_sum_ += state.abs().sum(at::kDouble).item<double>();
    numbers_ += static_cast<double>(state.numel());
    const auto median = state.abs().to(at::kFloat).median().item<double>();
    for (size_t which = 0; which < tokens_.size(); ++which) {
      if (tokens_[which] >= lengths[sample]) continue;
      auto& sums = sums_[which];
      const auto v = state[tokens_[which]].to(at::kDouble);
      const auto magnitude = v.abs();
      if (!sums.x.defined()) {
        sums.unit = at::zeros_like(v);
        sums.x = at::zeros_like(v);
        sums.abs = at::zeros_like(v);
        sums.square = at::zeros_like(v);
      }
      const double norm = v.norm().item<double>();
      const auto largest = std::get<0>(magnitude.topk(std::min<int64_t>(2, v.numel()))).cpu();
      const double top = largest[0].item<double>();
      if (norm > 0) sums.unit.add_(v / norm);
      sums.x.add_(v);
      sums.abs.add_(magnitude);
      sums.square.add_(v.square());
      sums.norms.push_back(norm);
      sums.max_abs.push_back(top);
      sums.median_abs.push_back(median);
      sums.ratios.push_back(median > 0 ? top / median : std::numeric_limits<double>::infinity());
      sums.top2.push_back(norm > 0 ? largest.square().sum().item<double>() / (norm * norm)
                                   : std::numeric_limits<double>::quiet_NaN());
      sums.massive += top > 100 && top > 1000 * median;
    }
  }
}

VectorStats::Token VectorStats::token(size_t which) const {
  const auto& sums = sums_[which];
  const auto n = static_cast<double>(sums.norms.size());
  Token t{};
  t.token = tokens_[which];
  t.samples = static_cast<int64_t>(sums.norms.size());
  if (t.samples == 0) return t;
  const auto norm = summarize(sums.norms);
  const double resultant = (sums.unit / n).square().sum().item<double>();
  t.norm_mean = norm.mean;
  t.norm_sd = norm.sd;
  t.spread = std::sqrt(std::max(0.0, 1 - resultant) / static_cast<double>(sums.unit.numel()));
  t.max_abs = mean_of(sums.max_abs);
  t.median_abs = mean_of(sums.median_abs);
  t.ratio = mean_of(sums.ratios);
  t.massive_rate = static_cast<double>(sums.massive) / n;
  t.top2_share = mean_of(sums.top2);
  t.mean = (sums.x / n).cpu();
  t.mean_abs = (sums.abs / n).cpu();
  t.energy = (sums.square / n).cpu();
  return t;
}

std::vector<VectorStats::Dimension> VectorStats::top_dimensions(size_t which, int64_t count) const {
  const auto t = token(which);
  if (t.samples == 0) return {};
  const auto order = std::get<1>(t.mean_abs.topk(std::min(count, t.mean_abs.numel())));
  std::vector<Dimension> top;
  for (int64_t i = 0; i < order.numel(); ++i) {
    const int64_t d = order[i].item<int64_t>();
    top.push_back({d, t.mean[d].item<double>(), t.mean_abs[d].item<double>()});
  }
  return top;
}

nlohmann::json VectorStats::to_json(size_t which, int64_t count) const {
  const auto t = token(which);
  auto dimensions = nlohmann::json::array();
  for (const auto& top : top_dimensions(which, count)) {
    dimensions.push_back(
        {{"dimension", top.dimension}, {"mean", finite(top.mean)}, {"mean_abs", finite(top.mean_abs)}});
  }
  return {{"token", t.token},
          {"samples", t.samples},
          {"norm", {{"mean", finite(t.norm_mean)}, {"sd", finite(t.norm_sd)}}},
          {"spread", finite(t.spread)},
          {"max_abs", finite(t.max_abs)},
          {"median_abs", finite(t.median_abs)},
          {"ratio", finite(t.ratio)},
          {"massive_rate", finite(t.massive_rate)},
          {"top2_share", finite(t.top2_share)},
          {"top_dimensions", dimensions}};
}

}  // namespace sinkscope::measure
