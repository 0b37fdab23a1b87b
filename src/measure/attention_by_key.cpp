#include "sinkscope/measure/attention_by_key.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace sinkscope::measure {
namespace {

constexpr int64_t kKeysAtOnce = 32;

}  // namespace

void AttentionByKey::attach(model::Taps& taps, const std::vector<int64_t>& lengths, int64_t T) {
  lengths_ = at::tensor(lengths, at::kLong).unsqueeze(1);
  sums_ = at::zeros({lengths_.size(0), T}, at::kDouble);
  const auto real = (at::arange(T).unsqueeze(0) < lengths_).unsqueeze(-1);  // [n, T, 1]
  for (int64_t first = 0; first < T; first += kKeysAtOnce) {
    std::vector<int64_t> keys(std::min(kKeysAtOnce, T - first));
    std::iota(keys.begin(), keys.end(), first);
    const auto after = at::arange(T).unsqueeze(1) > at::tensor(keys, at::kLong);        // [T, keys]
    taps.columns(layer_, keys, [this, first, real, after](const at::Tensor& columns) {  // [n, H, T, keys]
      const auto given = columns.mean(1) * real.to(columns.device());                   // [n, T, keys]
      sums_.slice(1, first, first + after.size(1)).copy_((given * after.to(columns.device())).sum(1));
      if (first == 0) first_ = given.select(2, 0).to(at::kCPU, at::kDouble);
    });
  }
}

at::Tensor AttentionByKey::queries() const {
  return (lengths_ - 1 - at::arange(sums_.size(1))).clamp_min(0).to(at::kDouble);
}

at::Tensor AttentionByKey::to_key() const {
  const auto n = queries();
  return (sums_ / n).masked_fill(n == 0, std::numeric_limits<double>::quiet_NaN());
}

at::Tensor AttentionByKey::to_first() const {
  const auto n = queries();
  const auto after = first_.sum(1, true) - first_.cumsum(1);
  return (after / n).masked_fill(n == 0, std::numeric_limits<double>::quiet_NaN());
}

}  // namespace sinkscope::measure
