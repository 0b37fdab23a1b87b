#include "sinkscope/model/activation.h"

#include <ATen/ATen.h>

#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {
namespace {

/// What is known of an activation.
struct Functions {
  at::Tensor (*value)(const at::Tensor& x);
  at::Tensor (*slope)(const at::Tensor& x);
  at::Tensor (*gated)(const at::Tensor& gate, const at::Tensor& up);
};

/// In the order of the enum.
const Functions kFunctions[] = {
    {[](const at::Tensor& x) { return at::silu(x); },
     [](const at::Tensor& x) {
       const auto open = x.sigmoid();
       return open * (1 + x * (1 - open));
     },
     swiglu},
};

const Functions& functions(Activation activation) {
  return kFunctions[static_cast<size_t>(activation)];
}

}  // namespace

at::Tensor activate(Activation activation, const at::Tensor& gate) {
  return functions(activation).value(gate);
}

at::Tensor slope(Activation activation, const at::Tensor& x) {
  return functions(activation).slope(x);
}

at::Tensor gated(Activation activation, const at::Tensor& gate, const at::Tensor& up) {
  return functions(activation).gated(gate, up);
}

}  // namespace sinkscope::model
