#include "sinkscope/measure/outliers.h"

#include <ATen/ATen.h>

namespace sinkscope::measure {

std::vector<int64_t> outlier_dimensions(const VectorStats::Token& token, const at::Tensor& others,
                                        double global_mean_abs) {
  const auto size = token.mean.abs();
  const auto passes = (size >= kOutlierOverAll * global_mean_abs).logical_and(size >= kOutlierOverOthers * others);
  const auto order = std::get<1>(size.sort(/*dim=*/0, /*descending=*/true));
  std::vector<int64_t> dimensions;
  for (int64_t i = 0; i < order.numel(); ++i) {
    const int64_t d = order[i].item<int64_t>();
    if (passes[d].item<bool>() && size[d].item<double>() > 0) dimensions.push_back(d);
    if (size[d].item<double>() < kOutlierOverAll * global_mean_abs) break;
  }
  return dimensions;
}

at::Tensor mean_abs_of(const VectorStats& stats, const std::vector<size_t>& which) {
  std::vector<at::Tensor> rows;
  for (const size_t i : which) {
    const auto token = stats.token(i);
    if (token.samples > 0) rows.push_back(token.mean_abs);
  }
  return rows.empty() ? at::zeros_like(stats.token(0).mean_abs) : at::stack(rows).mean(0);
}

}  // namespace sinkscope::measure
