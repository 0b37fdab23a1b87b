#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sinkscope::model {

/// float32 weight [out, in] laid out for panel_product: [ceil(out / 64), in, 64], zeros after the last row.
at::Tensor pack_panels(const at::Tensor& weight);

/// x [rows, in] W^T + bias in float32, [rows, out]; `bias` [out] or undefined.
///
/// Partial sums of 128 terms are added up. One chain over `in`, as oneDNN's own product has it, is 1.5 to 3 times as
/// far from float64, which deep models with massive activations multiply; MKL, which transformers uses, sums 192 terms.
at::Tensor panel_product(const at::Tensor& x, const at::Tensor& panels, int64_t out, const at::Tensor& bias);

}  // namespace sinkscope::model
