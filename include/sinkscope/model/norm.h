#pragma once

#include <ATen/core/Tensor.h>

#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

/// An RMSNorm, or the identity where the family has none at this place.
struct Norm {
  at::Tensor weight = {};  ///< its gain, of the width that is normed; undefined: no norm
  double eps = 0;

  bool there() const { return weight.defined(); }
  at::Tensor operator()(const at::Tensor& x) const { return there() ? rms_norm(x, weight, eps) : x; }

  /// The gain in x's dtype and on its device: [d]; ones where there is no norm.
  at::Tensor gain_of(const at::Tensor& x) const;

  /// What x is divided by: [.., 1] float32; 1 where there is no norm.
  at::Tensor scale(const at::Tensor& x) const;

  /// The gradient with respect to x [n, d] from that with respect to the norm's output.
  at::Tensor back(const at::Tensor& gradient, const at::Tensor& x) const;
};

}  // namespace sinkscope::model
