#include <ATen/ATen.h>

#include "sinkscope/model/attention.h"
#include "sinkscope/model/block.h"

namespace sinkscope::model {
namespace {

/// In one pass, unless somebody asks for what lies between; rotary alone where there is no norm.
at::Tensor norm_and_rotate(const at::Tensor& x, const Norm& norm, const Site& normed, const RotaryTable& table,
                           Taps& taps) {
  if (!norm.there()) return rotate(x, table);
  if (!taps.wanted(normed)) return rms_norm_rotate(x, norm.weight, norm.eps, table);
  return rotate(taps(normed, norm(x)), table);
}

}  // namespace

at::Tensor Attention::operator()(const at::Tensor& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  const auto projected = qkv.each(x);
  const auto heads_of = [&](Point point, const at::Tensor& y) {
    return taps({point, layer}, y.unflatten(-1, {-1, d_head}));
  };
  const bool mixed = taps.wanted_from({Point::z, layer});
  const auto q = heads_of(Point::q, projected[0]), k = heads_of(Point::k, projected[1]);
  const auto v = mixed || taps.wanted({Point::v, layer}) ? heads_of(Point::v, projected[2]) : at::Tensor();
  const auto angles = [&](RotaryOf which) { return rotary(layer_config.rope, taps.positions_of(layer, which)); };
  const auto rot_q = norm_and_rotate(q, q_norm, {Point::q_normed, layer}, angles(RotaryOf::query), taps);
  const auto rot_k = norm_and_rotate(k, k_norm, {Point::k_normed, layer}, angles(RotaryOf::key), taps);
  const Heads heads{.q = taps({Point::rot_q, layer}, rot_q),
                    .k = taps({Point::rot_k, layer}, rot_k),
                    .v = v,
                    .score_width = score_width};
  const auto z = attend(heads, layer, layer_config.window, taps);
  return mixed ? o(taps({Point::z, layer}, z).flatten(-2)) : at::Tensor();
}

}  // namespace sinkscope::model
