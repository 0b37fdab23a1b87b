#include "measure/query_weights.h"

#include <ATen/ATen.h>

namespace sinkscope::measure {

at::Tensor query_weights(const std::vector<int64_t>& lengths, const std::vector<int64_t>& first_queries, int64_t T) {
  const auto n = static_cast<int64_t>(lengths.size()), count = static_cast<int64_t>(first_queries.size());
  const auto length = at::tensor(lengths, at::kLong).view({n, 1, 1});
  const auto first = at::tensor(first_queries, at::kLong).view({1, 1, count});
  const auto query = at::arange(T, at::kLong).view({1, T, 1});
  const auto counted = (query >= first).logical_and(query < length).to(at::kFloat);
  return counted / counted.sum(1, /*keepdim=*/true).clamp_min(1);
}

}  // namespace sinkscope::measure
