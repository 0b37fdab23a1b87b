#include "sinkscope/measure/mlp_gradient.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sinkscope/model/activation.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
namespace {

constexpr int64_t kNeurons = 1024;     // a part: 16 MB in float32 of a model 4096 wide
constexpr double kIndependent = 1e-3;  // share of the largest singular value below which float32 gradients agree

}  // namespace

at::Tensor neuron_gradient(const model::Mlp& mlp, int64_t neuron, const at::Tensor& gate, const at::Tensor& up) {
  const auto g = gate.select(1, neuron), u = up.select(1, neuron), a = model::activate(mlp.activation, g);
  const auto row = [&](const at::Tensor& weight) { return weight.select(0, neuron).to(at::kFloat); };
  const auto value = a * u;
  return (2 * value * model::slope(mlp.activation, g) * u).unsqueeze(1) * row(mlp.gate_weight()) +
         (2 * value * a).unsqueeze(1) * row(mlp.up_weight());
}

at::Tensor write_gradient(const model::Mlp& mlp, int64_t dimension, const at::Tensor& gate, const at::Tensor& up) {
  const auto gate_weight = mlp.gate_weight(), up_weight = mlp.up_weight(), c = mlp.down_weight().select(0, dimension);
  auto gradient = at::zeros({gate.size(0), gate_weight.size(1)}, gate.options());
  for (int64_t first = 0; first < gate.size(1); first += kNeurons) {
    const auto g = gate.slice(1, first, first + kNeurons), u = up.slice(1, first, first + kNeurons);
    const auto written = c.slice(0, first, first + kNeurons).to(at::kFloat);
    const auto rows = [&](const at::Tensor& weight) { return weight.slice(0, first, first + kNeurons).to(at::kFloat); };
    gradient += at::matmul(model::slope(mlp.activation, g) * u * written, rows(gate_weight)) +
                at::matmul(model::activate(mlp.activation, g) * written, rows(up_weight));
  }
  return gradient;
}

at::Tensor unit_rows(const at::Tensor& x) {
  return x / x.norm(2, -1, true).clamp_min(1e-30);
}

Spectrum spectrum(const at::Tensor& unit) {
  const auto rows = unit.to(at::kCPU, at::kDouble);
  Spectrum found{.cosines = at::matmul(rows, rows.t())};
  const auto [values, vectors] = at::linalg_eigh(found.cosines);  // smallest first
  const auto shares = values.flip(0).clamp_min(0) / values.clamp_min(0).sum();
  found.energies = model::to_vector(shares);
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
