#pragma once

#include <ATen/core/Tensor.h>

#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// Of the gate, element by element.
at::Tensor activate(Activation, const at::Tensor& gate);

/// d activate(x) / dx
at::Tensor slope(Activation, const at::Tensor& x);

/// activate(gate) * up, by the fused loops of row_ops.h.
at::Tensor gated(Activation, const at::Tensor& gate, const at::Tensor& up);

}  // namespace sinkscope::model
