#include "sinkscope/measure/attention_to.h"

#include <ATen/ATen.h>

#include <limits>

#include "measure/query_weights.h"
#include "sinkscope/model/device.h"

namespace sinkscope::measure {

AttentionTo::AttentionTo(std::vector<int64_t> keys, std::vector<int64_t> first_queries, std::vector<int64_t> layers)
    : keys_(std::move(keys)), first_queries_(std::move(first_queries)), layers_(std::move(layers)) {}

void AttentionTo::attach(model::Taps& taps, const std::vector<int64_t>& lengths, int64_t T, at::Device device) {
  lengths_ = lengths;
  seen_.assign(layers_.size(), {});
  const auto weights = model::send(query_weights(lengths, first_queries_, T).unsqueeze(1), device);  // [n, 1, T, keys]
  for (size_t i = 0; i < layers_.size(); ++i) {
    taps.columns(layers_[i], keys_, [this, i, weights](const at::Tensor& columns) {  // [n, H, T, keys]
      seen_[i] = (columns * weights).sum(2).mean(1);
    });
  }
}

at::Tensor AttentionTo::values() const {
  auto values = at::stack(seen_, 1).to(at::kCPU, at::kDouble);
  const auto length = at::tensor(lengths_, at::kLong).view({-1, 1, 1});
  const auto first = at::tensor(first_queries_, at::kLong).view({1, 1, -1});
  return values.masked_fill_(length <= first, std::numeric_limits<double>::quiet_NaN());
}

}  // namespace sinkscope::measure
