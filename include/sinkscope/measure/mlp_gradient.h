#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace sinkscope::measure {

// Gradients of what an MLP computes, in closed form. h [n, d] is its normalised input, g = W_gate h and u = W_up h, and
// neuron j's value is z_j = SiLU(g_j) u_j with dz_j/dh = SiLU'(g_j) u_j W_gate[j] + SiLU(g_j) W_up[j].

/// dz_j²/dh [n, d] of one neuron: gate and up [n] are its values, gate_row and up_row [d] its weights.
at::Tensor neuron_gradient(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& gate_row,
                           const at::Tensor& up_row);

/// d(Σ_j c_j z_j)/dh [n, d], of what the neurons write into one dimension: c [m] is its row of W_down, gate and up
/// [n, m], the weights [m, d]. Works through the neurons in parts, in float32.
at::Tensor write_gradient(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& gate_weight,
                          const at::Tensor& up_weight, const at::Tensor& c);

/// The gradient with respect to x [n, d], of which h = weight * x / sqrt(mean x² + eps) is made, from that with respect
/// to h.
at::Tensor through_norm(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, double eps);

/// Rows of length 1; rows of zeros stay.
at::Tensor unit_rows(const at::Tensor& x);

/// How many directions unit rows [k, d] hold: the eigenvalues of their Gram matrix of cosines.
struct Spectrum {
  at::Tensor cosines = {};            ///< [k, k] float64 on the CPU
  std::vector<double> energies = {};  ///< shares of the sum, largest first
  at::Tensor first = {};      ///< [d] float32: the direction of the largest, with the rows' mean on its positive side
  double effective_rank = 0;  ///< exp of the energies' entropy
};
Spectrum spectrum(const at::Tensor& unit);

/// Orthonormal rows [rank, d] that span the rows of `directions`, without those that rounding alone sets apart.
at::Tensor span_of(const at::Tensor& directions);

}  // namespace sinkscope::measure
