#pragma once

#include <ATen/core/Tensor.h>

namespace sinkscope::model {

/// cos and sin of every token's rotary angles, [T, h] in the run's dtype.
struct RotaryTable {
  at::Tensor cos, sin;
};

// What stands between the matrix products, row by row, rounded as transformers rounds it: fused loops on a CPU, CUDA
// kernels on a GPU.

/// x [.., width] as [rows, width] with rows without gaps, anywhere; a copy only where there is no such view.
at::Tensor as_matrix(const at::Tensor& x);

/// RMSNorm over the last axis: float32 inside (the mean of squares in double on a CPU), rounded to x's dtype before the
/// weight multiplies.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Rotary embedding of x [n, T, heads, h].
at::Tensor rotate(const at::Tensor& x, const RotaryTable&);

/// rotate(rms_norm(x)), bit for bit, without the tensor between.
at::Tensor rms_norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable&);

/// x + y and rms_norm(x + y), bit for bit, in one pass.
struct SumAndNorm {
  at::Tensor sum, normed;
};
SumAndNorm add_rms_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double eps);

/// SiLU(gate) * up.
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

/// Rows of x [rows, width] divided by their scale, largest magnitude over 448 (at least 1e-12), and rounded to
/// float8_e4m3fn; scale [rows] float32.
struct Float8Rows {
  at::Tensor values, scale;
};
Float8Rows float8_rows(const at::Tensor& x);

/// Their twins by ATen's operations, on any device.
namespace plain {
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor rotate(const at::Tensor& x, const RotaryTable&);
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
Float8Rows float8_rows(const at::Tensor& x);
}  // namespace plain

}  // namespace sinkscope::model
