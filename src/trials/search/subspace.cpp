#include "sinkscope/trials/search/subspace.h"

#include <ATen/ATen.h>

#include "sinkscope/intervene/orthonormal.h"
#include "sinkscope/model/activation.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials::search {
using intervene::orthonormal;

at::Tensor directions_apart(const at::Tensor& rows, const at::Tensor& kind, int64_t rank) {
  constexpr double kEverywhere = 0.01;
  const auto mean = kind.to(at::kDouble).mean(0);
  const auto within = kind.to(at::kDouble) - mean, apart = rows.to(at::kDouble) - mean;
  auto spread = at::matmul(within.t(), within) / static_cast<double>(within.size(0));
  spread.diagonal().add_(kEverywhere * spread.diagonal().mean().clamp_min(1e-12));
  const auto moment = at::matmul(apart.t(), apart) / static_cast<double>(apart.size(0));
  const auto root = at::linalg_cholesky(spread);
  const auto half = at::linalg_solve_triangular(root, moment, /*upper=*/false);
  const auto whitened = at::linalg_solve_triangular(root, half.t(), /*upper=*/false);
  const auto vectors = std::get<1>(at::linalg_eigh(whitened));  // ascending
  const int64_t D = vectors.size(1);
  const auto largest = at::linalg_solve_triangular(root.t(), vectors.slice(1, D - rank), /*upper=*/true);
  return orthonormal(largest.t().flip(0)).to(at::kCPU);
}

at::Tensor principal(const at::Tensor& rows, const at::Tensor& others, int64_t rank) {
  const auto apart = rows.to(at::kDouble) - others.to(at::kDouble).mean(0);
  const auto vectors = std::get<1>(at::linalg_eigh(at::matmul(apart.t(), apart)));  // ascending
  const int64_t D = vectors.size(1);
  return orthonormal(vectors.slice(1, D - rank).t().flip(0)).to(at::kCPU);
}

at::Tensor read_by(const model::Norm& norm, const model::Mlp& mlp, const at::Tensor& rows, const at::Tensor& others,
                   int64_t rank) {
  const auto gates = mlp.gate_weight(), ups = mlp.up_weight();
  const auto mean_write = [&](const at::Tensor& x) {
    const auto normed = norm(x.to(gates.device(), gates.scalar_type()));
    const auto gate = at::matmul(normed, gates.t()), up = at::matmul(normed, ups.t());
    return model::gated(mlp.activation, gate, up).to(at::kFloat).mean(0);
  };
  const auto differs = (mean_write(rows) - mean_write(others)).abs() * mlp.down_weight().to(at::kFloat).norm(2, 0);
  const auto most = std::get<1>(differs.topk(rank));
  const auto read = gates.index_select(0, most).to(at::kFloat);
  return orthonormal((read * norm.gain_of(read)).to(at::kDouble)).to(at::kCPU);
}

at::Tensor within(const at::Tensor& basis, const std::vector<int64_t>& channels) {
  const auto index = at::tensor(channels, at::kLong);
  return orthonormal(at::zeros_like(basis).index_copy(1, index, basis.index_select(1, index)).to(at::kDouble));
}

std::vector<int64_t> by_share(const at::Tensor& basis) {
  return model::to_int_vector(basis.square().sum(0).argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
}

}  // namespace sinkscope::trials::search
