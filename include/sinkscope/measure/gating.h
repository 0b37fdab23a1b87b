#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sinkscope::measure {

// What one channel i of an MLP's normalised input does to the output as it grows, from weights alone (MAGC, arXiv
// 2610.07661). With h = x e_i + rest and x -> ±inf, mlp(h) = x² Σ_j alpha_j w_j + o(x²), w_j = unit column j of W_down:
//   alpha_j = W_gate[j,i] W_up[j,i] ‖W_down[:,j]‖ where the activation stays open (W_gate[j,i] > 0 for x -> +inf, < 0
//   for x -> -inf), else 0.

enum class Towards { plus_infinity, minus_infinity };

/// W_gate and W_up [m, d], and the norms of W_down's columns [m] float64; all on one device.
struct MlpWeights {
  at::Tensor gate = {}, up = {}, down_norms = {};
};

/// alpha [m] float64, on the CPU.
at::Tensor gating(const MlpWeights&, int64_t channel, Towards);

/// R = log m + Σ p log p with p = alpha² / ‖alpha‖²: 0 where all neurons share alike, log m where one has all; NaN
/// where alpha is 0. Of every channel: [d] float64 on the CPU. Works through the neurons in parts, in float64.
at::Tensor concentration(const MlpWeights&, Towards);

}  // namespace sinkscope::measure
