#include "sinkscope/measure/gating.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sinkscope::measure {
namespace {

constexpr int64_t kNeurons = 512;  // a part: 16 MB in float64 of a model 4096 wide

at::Tensor alpha_of(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& down_norms, Towards towards) {
  const auto open = towards == Towards::plus_infinity ? gate > 0 : gate < 0;
  return at::where(open, gate * up, at::zeros_like(gate)) * down_norms;
}

}  // namespace

at::Tensor gating(const MlpWeights& w, int64_t channel, Towards towards) {
  const auto gate = w.gate.select(1, channel).to(at::kDouble), up = w.up.select(1, channel).to(at::kDouble);
  return alpha_of(gate, up, w.down_norms, towards).to(at::kCPU);
}

/// Σ p log p = Σ a² log a² / S − log S with S = Σ a², so one pass over the neurons is enough.
at::Tensor concentration(const MlpWeights& w, Towards towards) {
  const int64_t m = w.gate.size(0), d = w.gate.size(1);
  auto sum = at::zeros({d}, w.down_norms.options()), weighted = at::zeros_like(sum);
  for (int64_t first = 0; first < m; first += kNeurons) {
    const auto part = [&](const at::Tensor& x) { return x.slice(0, first, first + kNeurons).to(at::kDouble); };
    const auto squared = alpha_of(part(w.gate), part(w.up), part(w.down_norms).unsqueeze(1), towards).square();
    sum += squared.sum(0);
    weighted += at::xlogy(squared, squared).sum(0);
  }
  return (std::log(static_cast<double>(m)) + weighted / sum - sum.log()).to(at::kCPU);  // 0 / 0: NaN
}

}  // namespace sinkscope::measure
