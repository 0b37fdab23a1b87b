#include "model/residual.h"

#include <ATen/ATen.h>

#include <utility>

#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

Residual::Residual(at::Tensor x) : x_(std::move(x)) {}

void Residual::add(at::Tensor y) {
  waiting_ = std::move(y);
}

void Residual::settle() {
  if (waiting_.defined()) x_ = x_ + std::exchange(waiting_, {});
}

void Residual::tap(const Site& site, Taps& taps) {
  if (!taps.wanted(site)) return;
  settle();
  x_ = taps(site, x_);
}

at::Tensor Residual::read(const Norm& norm, const Site& reader, Taps& taps) {
  if (!taps.wanted(reader)) return read(norm);
  settle();
  return norm(taps(reader, x_));
}

at::Tensor Residual::read(const Norm& norm) {
  if (!norm.there()) settle();
  if (!waiting_.defined()) return norm(x_);
  auto [sum, normed] = add_rms_norm(x_, std::exchange(waiting_, {}), norm.weight, norm.eps);
  x_ = std::move(sum);
  return normed;
}

}  // namespace sinkscope::model
