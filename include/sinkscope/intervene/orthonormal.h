#pragma once

#include <ATen/core/Tensor.h>

namespace sinkscope::intervene {

/// Rows [rank, D] made orthonormal in their order, each on its own side (Gram-Schmidt): [rank, D] float32, as a basis
/// of an edit has to be.
at::Tensor orthonormal(const at::Tensor& rows);

}  // namespace sinkscope::intervene
