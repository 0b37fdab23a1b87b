#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "sinkscope/model/config.h"
#include "sinkscope/model/linear.h"
#include "sinkscope/model/norm.h"
#include "sinkscope/model/rotary.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::model {

/// Weights of products are [out, in], those that read the same vector together.
struct Attention {
  Linear qkv;           ///< q [H h, d], k [K h, d], v [K h, d]
  Norm q_norm, k_norm;  ///< [h]
  Linear o;             ///< [d, H h]
  LayerConfig layer_config;
  int64_t d_head = 0, score_width = 0;

  /// What the norm gave [n, T, d] to what attention adds [n, T, d]; undefined where nothing after the pattern is
  /// wanted.
  at::Tensor operator()(const at::Tensor& x, int64_t layer, Rotary&, Taps&) const;
};

/// down(act(gate x) * up x)
struct Mlp {
  Linear gate_up;  ///< gate [m, d], up [m, d]
  Linear down;     ///< [d, m]
  Activation activation = Activation::silu;

  /// On a CPU a large batch goes through in parts, unless somebody asks for what lies inside: the neurons of all its
  /// tokens would be the largest tensors of the pass.
  at::Tensor operator()(const at::Tensor& x, int64_t layer, Taps&) const;

  at::Tensor gate_weight() const { return gate_up.weight(0); }  ///< [m, d]
  at::Tensor up_weight() const { return gate_up.weight(1); }    ///< [m, d]
  at::Tensor down_weight() const { return down.weight(); }      ///< [d, m]

 private:
  at::Tensor neurons(const at::Tensor& x, int64_t layer, Taps&) const;
};

/// One block: x + ln1_post(attn(ln1(x))), then the same with the MLP.
struct Block {
  Norm ln1, ln1_post, ln2, ln2_post;
  Attention attn;
  Mlp mlp;
};

}  // namespace sinkscope::model
