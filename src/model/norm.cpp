#include "sinkscope/model/norm.h"

#include <ATen/ATen.h>

namespace sinkscope::model {

at::Tensor Norm::gain_of(const at::Tensor& x) const {
  return there() ? weight.to(x.options()) : at::ones({x.size(-1)}, x.options());
}

at::Tensor Norm::scale(const at::Tensor& x) const {
  if (!there()) return at::ones({1}, x.options().dtype(at::kFloat));
  return (x.to(at::kFloat).square().mean(-1, true) + eps).sqrt();
}

/// Of y = weight * x / sqrt(mean x² + eps).
at::Tensor Norm::back(const at::Tensor& gradient, const at::Tensor& x) const {
  if (!there()) return gradient;
  const auto square = x.square().mean(-1, true) + eps;
  const auto weighted = gradient * gain_of(x);
  return (weighted - x * (x * weighted).mean(-1, true) / square) / square.sqrt();
}

}  // namespace sinkscope::model
