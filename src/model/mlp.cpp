#include <ATen/ATen.h>

#include "sinkscope/model/activation.h"
#include "sinkscope/model/block.h"

namespace sinkscope::model {

constexpr int64_t kMlpTokens = 4096;  // of a part

at::Tensor Mlp::operator()(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const bool seen = taps.wanted({Point::mlp_pre, layer}) || taps.wanted({Point::mlp_pre_linear, layer}) ||
                    taps.wanted({Point::mlp_post, layer});
  if (seen || !x.is_cpu() || x.size(0) * x.size(1) <= kMlpTokens) return neurons(x, layer, taps);
  const auto out = at::empty(x.sizes(), x.options());
  const auto to = out.flatten(0, 1).split(kMlpTokens), from = x.flatten(0, 1).split(kMlpTokens);
  for (size_t i = 0; i < from.size(); ++i) to[i].copy_(neurons(from[i], layer, taps));
  return out;
}

at::Tensor Mlp::neurons(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const auto both = gate_up.each(x);
  const auto gate = taps({Point::mlp_pre, layer}, both[0]), up = taps({Point::mlp_pre_linear, layer}, both[1]);
  return down(taps({Point::mlp_post, layer}, gated(activation, gate, up)));
}

}  // namespace sinkscope::model
