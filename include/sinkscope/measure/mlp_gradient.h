#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/block.h"

namespace sinkscope::measure {

// Gradients of what an MLP computes, in closed form. h [n, d] is its normalised input, g = W_gate h and u = W_up h
// [n, m] are given in float32, and with the model's activation a, neuron j's value is z_j = a(g_j) u_j with
// dz_j/dh = a'(g_j) u_j W_gate[j] + a(g_j) W_up[j].

/// dz_j²/dh [n, d] of one neuron.
at::Tensor neuron_gradient(const model::Mlp&, int64_t neuron, const at::Tensor& gate, const at::Tensor& up);

/// d(Σ_j c_j z_j)/dh [n, d], of what the neurons write into one dimension: c is its row of W_down. Works through the
/// neurons in parts, in float32.
at::Tensor write_gradient(const model::Mlp&, int64_t dimension, const at::Tensor& gate, const at::Tensor& up);

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
