#pragma once

#include <ATen/core/Tensor.h>

namespace sinkscope::model {

/// cos and sin of every token's rotary angles, [T, h] in the run's dtype.
struct RotaryTable {
  at::Tensor cos, sin;
};

// What stands between the matrix products, row by row, rounded as transformers rounds it: fused loops on a CPU, CUDA
// kernels on a GPU.

/// RMSNorm over the last axis: float32 inside, rounded to x's dtype before the weight multiplies.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Rotary embedding of x [n, T, heads, h].
at::Tensor rotate(const at::Tensor& x, const RotaryTable&);

/// rotate(rms_norm(x)), bit for bit, without the tensor between.
at::Tensor rms_norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable&);

/// SiLU(gate) * up.
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

/// Their twins by ATen's operations, on any device.
namespace plain {
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor rotate(const at::Tensor& x, const RotaryTable&);
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
}  // namespace plain

}  // namespace sinkscope::model
