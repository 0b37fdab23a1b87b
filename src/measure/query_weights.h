#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sinkscope::measure {

/// Query weights [n, T, keys] float32 that average over queries [first, length); zero where a sample has none.
at::Tensor query_weights(const std::vector<int64_t>& lengths, const std::vector<int64_t>& first_queries, int64_t T);

}  // namespace sinkscope::measure
