#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sinkscope::model {

/// A tensor's numbers in order, from any device and dtype.
std::vector<double> to_vector(const at::Tensor&);
std::vector<int64_t> to_int_vector(const at::Tensor&);

}  // namespace sinkscope::model
