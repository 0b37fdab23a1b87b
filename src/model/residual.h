#pragma once

#include <ATen/core/Tensor.h>

#include "sinkscope/model/norm.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::model {

/// The residual stream; what a block adds waits for the norm that reads the sum, so that both are one pass.
class Residual {
 public:
  explicit Residual(at::Tensor x);
  void add(at::Tensor y);

  /// Through the taps at `site`, where somebody wants it there.
  void tap(const Site& site, Taps& taps);

  /// Normed for a reader that may see it changed at `reader`; the residual itself stays.
  at::Tensor read(const Norm&, const Site& reader, Taps& taps);
  at::Tensor read(const Norm&);

 private:
  void settle();

  at::Tensor x_, waiting_;
};

}  // namespace sinkscope::model
