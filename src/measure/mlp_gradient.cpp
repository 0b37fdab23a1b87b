#include "sinkscope/measure/mlp_gradient.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::measure {
namespace {

constexpr int64_t kNeurons = 1024;     // a part: 16 MB in float32 of a model 4096 wide
constexpr double kIndependent = 1e-3;  // share of the largest singular value below which float32 gradients agree

/// d SiLU(x) / dx
at::Tensor slope(const at::Tensor& x) {
  const auto open = x.sigmoid();
  return open * (1 + x * (1 - open));
}

}  // namespace

at::Tensor neuron_gradient(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& gate_row,
                           const at::Tensor& up_row) {
  const auto value = at::silu(gate) * up;
  return (2 * value * slope(gate) * up).unsqueeze(1) * gate_row + (2 * value * at::silu(gate)).unsqueeze(1) * up_row;
}

at::Tensor write_gradient(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& gate_weight,
                          const at::Tensor& up_weight, const at::Tensor& c) {
  auto gradient = at::zeros({gate.size(0), gate_weight.size(1)}, gate.options());
  for (int64_t first = 0; first < gate.size(1); first += kNeurons) {
    const auto g = gate.slice(1, first, first + kNeurons), u = up.slice(1, first, first + kNeurons);
    const auto written = c.slice(0, first, first + kNeurons).to(at::kFloat);
    const auto rows = [&](const at::Tensor& weight) { return weight.slice(0, first, first + kNeurons).to(at::kFloat); };
    gradient +=
        at::matmul(slope(g) * u * written, rows(gate_weight)) + at::matmul(at::silu(g) * written, rows(up_weight));
  }
  return gradient;
}

at::Tensor through_norm(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, double eps) {
  const auto square = x.square().mean(-1, true) + eps;
  const auto weighted = gradient * weight.to(x.options());
  return (weighted - x * (x * weighted).mean(-1, true) / square) / square.sqrt();
}

at::Tensor unit_rows(const at::Tensor& x) {
  return x / x.norm(2, -1, true).clamp_min(1e-30);
}

Spectrum spectrum(const at::Tensor& unit) {
  const auto rows = unit.to(at::kCPU, at::kDouble);
  Spectrum found{.cosines = at::matmul(rows, rows.t())};
  const auto [values, vectors] = at::linalg_eigh(found.cosines);  // smallest first
  const auto shares = values.flip(0).clamp_min(0) / values.clamp_min(0).sum();
  found.energies = to_vector(shares);
  found.effective_rank = std::exp(-at::xlogy(shares, shares).sum().item<double>());
  const auto first = at::matmul(vectors.select(1, -1), rows);
  const double side = first.dot(rows.mean(0)).item<double>() < 0 ? -1 : 1;
  found.first = (side * first / first.norm()).to(at::kFloat);
  return found;
}

at::Tensor span_of(const at::Tensor& directions) {
  const auto [u, values, rows] = at::linalg_svd(directions.to(at::kCPU, at::kDouble), /*full_matrices=*/false);
  const int64_t rank = (values > kIndependent * values[0]).sum().item<int64_t>();
  return rows.slice(0, 0, rank).to(at::kFloat).contiguous();
}

}  // namespace sinkscope::measure
