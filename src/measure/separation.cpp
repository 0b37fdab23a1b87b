#include "sinkscope/measure/separation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <random>

namespace sinkscope::measure {
namespace {

/// Ranks from 1 along axis 0, ties sharing their mean rank: [rows, D] float64.
at::Tensor ranks(const at::Tensor& x) {
  const auto [sorted, order] = x.sort(0);
  const auto columns = sorted.t().contiguous(), values = x.t().contiguous();  // [D, rows]
  const auto below = at::searchsorted(columns, values, /*out_int32=*/false, /*right=*/false);
  const auto to = at::searchsorted(columns, values, /*out_int32=*/false, /*right=*/true);
  return ((below + to + 1).to(at::kDouble) / 2).t().contiguous();
}

/// From the summed ranks of `first` rows among first + others.
at::Tensor auc_of(const at::Tensor& rank_sum, int64_t first, int64_t others) {
  const double m = static_cast<double>(first), k = static_cast<double>(others);
  const auto area = (rank_sum - m * (m + 1) / 2) / (m * k);
  return at::maximum(area, 1 - area);
}

}  // namespace

at::Tensor effect_size(const at::Tensor& x) {
  const auto first = x.select(1, 0).to(at::kDouble), others = x.slice(1, 1).flatten(0, 1).to(at::kDouble);
  const double m = static_cast<double>(first.size(0)), k = static_cast<double>(others.size(0));
  const auto difference = first.mean(0) - others.mean(0);
  const auto pooled = ((first.var(0, false) * m + others.var(0, false) * k) / (m + k)).sqrt();
  return at::where(difference == 0, at::zeros_like(difference), difference / pooled);
}

at::Tensor auc(const at::Tensor& x) {
  const auto rank = ranks(x.flatten(0, 1)).view(x.sizes());  // sample by sample, token by token
  return auc_of(rank.select(1, 0).sum(0), x.size(0), x.size(0) * (x.size(1) - 1));
}

std::vector<double> largest_auc_by_chance(const at::Tensor& x, uint64_t seed, int64_t draws) {
  const int64_t n = x.size(0), tokens = x.size(1);
  const auto rank = ranks(x.flatten(0, 1));
  std::mt19937_64 generator(seed);
  std::vector<double> largest;
  for (int64_t i = 0; i < draws; ++i) {
    std::vector<int64_t> rows;
    for (int64_t sample = 0; sample < n; ++sample) {
      rows.push_back(sample * tokens + static_cast<int64_t>(generator() % static_cast<uint64_t>(tokens)));
    }
    const auto sum = rank.index_select(0, at::tensor(rows, at::kLong).to(rank.device())).sum(0);
    largest.push_back(auc_of(sum, n, n * (tokens - 1)).max().item<double>());
  }
  std::sort(largest.begin(), largest.end());
  return largest;
}

double p_value(const std::vector<double>& by_chance, double value) {
  const auto above = by_chance.end() - std::lower_bound(by_chance.begin(), by_chance.end(), value);
  return (1.0 + static_cast<double>(above)) / (1.0 + static_cast<double>(by_chance.size()));
}

}  // namespace sinkscope::measure
