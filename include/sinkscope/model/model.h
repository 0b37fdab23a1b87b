#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/config.h"
#include "sinkscope/model/kept.h"
#include "sinkscope/model/linear.h"
#include "sinkscope/model/rotary.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::model {

/// One block's weights under the checkpoint's own names; weights of products are [out, in], those that read the same
/// vector together.
struct BlockWeights {
  at::Tensor input_layernorm;           // [d]
  Linear qkv_proj;                      // q_proj [H h, d], k_proj [K h, d], v_proj [K h, d]
  at::Tensor q_norm, k_norm;            // [h]; undefined without Config::qk_norm
  Linear o_proj;                        // [d, H h]
  at::Tensor post_attention_layernorm;  // [d]
  Linear gate_up_proj;                  // gate_proj [m, d], up_proj [m, d]
  Linear down_proj;                     // [d, m]
};

/// A decoder of the families that Config describes: the equations of transformers' modeling_qwen3 (qwen2, llama,
/// mistral), in their order and roundings.
class Model {
 public:
  using Weights = std::map<std::string, at::Tensor>;

  /// Weights by checkpoint name, all on one device; `dtype` is the run's (dtype.h). `taken` hears of every product's
  /// weight of which the model has its own copy by then.
  Model(const Config&, Weights, at::ScalarType dtype, const std::function<void(const std::string&)>& taken = {});

  /// Embedding and norms stay in the mapped file where device and dtype are the checkpoint's own. `progress` gets the
  /// share done.
  static Model load(const Checkpoint&, at::Device, at::ScalarType, const std::function<void(double)>& progress = {});

  /// Runs ids [n, T] int64 as far as something is wanted. Everything comes out through the taps.
  void forward(const at::Tensor& ids, Taps& taps) const;

  /// Goes on from what an earlier pass kept (kept.h). Sites before the start are not reached.
  void resume(const Start&, Taps&) const;

  /// Next-token logits [.., V] of final-norm outputs [.., d].
  at::Tensor unembed(const at::Tensor& x) const;

  const Config& config() const { return config_; }
  const BlockWeights& block(int64_t layer) const { return blocks_[layer]; }
  at::Device device() const { return embed_.device(); }
  /// Of all that comes out of the taps.
  at::ScalarType dtype() const { return embed_.scalar_type(); }

 private:
  class Residual;
  at::Tensor norm_and_rotate(const at::Tensor& x, const at::Tensor& weight, const Site& normed, const RotaryTable&,
                             Taps&) const;
  at::Tensor attention(const at::Tensor& x, int64_t layer, Rotary&, Taps&) const;
  at::Tensor mlp(const at::Tensor& x, int64_t layer, Taps&) const;
  at::Tensor neurons(const at::Tensor& x, int64_t layer, Taps&) const;
  bool run_attention(Residual&, int64_t layer, Rotary&, Taps&, at::Tensor attn_out) const;
  bool run_mlp(Residual&, int64_t layer, Taps&, at::Tensor mlp_out) const;
  void run_blocks(Residual&, int64_t layer, Rotary&, Taps&) const;

  Config config_;
  std::vector<BlockWeights> blocks_;
  at::Tensor embed_, final_norm_, lm_head_;
};

/// Runs a model over a batch with these taps; checks that every tap fired.
void check_ids(const at::Tensor& ids, const Config&);

}  // namespace sinkscope::model
