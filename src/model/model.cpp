#include "sinkscope/model/model.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <stdexcept>

#include "sinkscope/error.h"
#include "sinkscope/model/attention.h"

namespace sinkscope::model {

Model::Model(const Config& config, Weights weights) : config_(config), weights_(std::move(weights)) {
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    const auto take = [&](const char* part) { return weight(fmt::format("model.layers.{}.{}.weight", layer, part)); };
    blocks_.push_back({.input_layernorm = take("input_layernorm"),
                       .q_proj = take("self_attn.q_proj"),
                       .k_proj = take("self_attn.k_proj"),
                       .v_proj = take("self_attn.v_proj"),
                       .q_norm = take("self_attn.q_norm"),
                       .k_norm = take("self_attn.k_norm"),
                       .o_proj = take("self_attn.o_proj"),
                       .post_attention_layernorm = take("post_attention_layernorm"),
                       .gate_proj = take("mlp.gate_proj"),
                       .up_proj = take("mlp.up_proj"),
                       .down_proj = take("mlp.down_proj")});
  }
  embed_ = weight("model.embed_tokens.weight");
  final_norm_ = weight("model.norm.weight");
  lm_head_ = config.tied ? embed_ : weight("lm_head.weight");
}

const at::Tensor& Model::weight(const std::string& checkpoint_name) const {
  const auto found = weights_.find(checkpoint_name);
  if (found == weights_.end()) throw std::logic_error(fmt::format("the model has no weight '{}'", checkpoint_name));
  return found->second;
}

/// RMSNorm as transformers rounds it: float32 inside, rounded to x's dtype before the weight multiplies.
at::Tensor Model::norm(const at::Tensor& x, const at::Tensor& weight) const {
  const auto x32 = x.to(at::kFloat);
  const auto rescaled = x32 * at::rsqrt(x32.square().mean(-1, /*keepdim=*/true) + config_.rms_norm_eps);
  return weight * rescaled.to(x.scalar_type());
}

at::Tensor Model::attention(const at::Tensor& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto project = [&](Point point, const at::Tensor& weight) {
    return taps({point, layer}, at::linear(x, weight).unflatten(-1, {-1, config_.d_head}));
  };
  const auto rotate = [&](Point point, const at::Tensor& normed, RotaryOf which) {
    return taps({point, layer}, rotary(normed, taps.positions_of(layer, which)));
  };
  const auto q = project(Point::q, w.q_proj), k = project(Point::k, w.k_proj), v = project(Point::v, w.v_proj);
  const auto q_normed = taps({Point::q_normed, layer}, norm(q, w.q_norm));
  const auto k_normed = taps({Point::k_normed, layer}, norm(k, w.k_norm));
  const Heads heads{
      .q = rotate(Point::rot_q, q_normed, RotaryOf::query), .k = rotate(Point::rot_k, k_normed, RotaryOf::key), .v = v};
  const auto mixed = attend(heads, layer, taps);
  if (!mixed.defined()) return {};
  return at::linear(taps({Point::z, layer}, mixed).flatten(-2), w.o_proj);
}

at::Tensor Model::mlp(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto gate = taps({Point::mlp_pre, layer}, at::linear(x, w.gate_proj));
  const auto up = taps({Point::mlp_pre_linear, layer}, at::linear(x, w.up_proj));
  return at::linear(taps({Point::mlp_post, layer}, at::silu(gate) * up), w.down_proj);
}

at::Tensor Model::run_block(at::Tensor x, int64_t layer, Rotary& rotary, Taps& taps) const {
  const auto& w = blocks_[layer];
  x = taps({Point::resid_pre, layer}, x);
  const auto attended = attention(taps({Point::ln1, layer}, norm(x, w.input_layernorm)), layer, rotary, taps);
  if (!attended.defined()) return {};
  x = taps({Point::resid_mid, layer}, x + taps({Point::attn_out, layer}, attended));
  if (!taps.wanted_from({Point::ln2, layer})) return {};
  const auto out = mlp(taps({Point::ln2, layer}, norm(x, w.post_attention_layernorm)), layer, taps);
  return taps({Point::resid_post, layer}, x + taps({Point::mlp_out, layer}, out));
}

void Model::forward(const at::Tensor& ids, Taps& taps) const {
  const c10::InferenceMode no_autograd;
  check_ids(ids, config_);
  taps.check(ids.size(1));
  auto x = taps({Point::embed}, at::embedding(embed_, ids.to(device())));
  Rotary rotary(config_, ids.size(1), device(), dtype());
  for (int64_t layer = 0; layer < config_.n_layers && taps.wanted_from({Point::resid_pre, layer}); ++layer) {
    x = run_block(x, layer, rotary, taps);
  }
  if (taps.wanted_from({Point::ln_final})) x = taps({Point::ln_final}, norm(x, final_norm_));
  if (taps.wanted_from({Point::logits})) taps({Point::logits}, unembed(x));
  taps.check_fired();
}

at::Tensor Model::unembed(const at::Tensor& x) const {
  const c10::InferenceMode no_autograd;
  return at::linear(x, lm_head_);
}

void check_ids(const at::Tensor& ids, const Config& config) {
  if (ids.dim() != 2 || ids.numel() == 0) throw std::logic_error("token ids must be a non-empty [samples, tokens]");
  const int64_t least = ids.min().item<int64_t>(), largest = ids.max().item<int64_t>();
  if (least < 0 || largest >= config.vocab_size) {
    throw InputError(fmt::format("token id {}: the model's embedding has {} rows (0 to {})",
                                 least < 0 ? least : largest, config.vocab_size, config.vocab_size - 1));
  }
  if (ids.size(1) > config.max_positions) {
    throw InputError(fmt::format("samples of {} tokens: the model takes {} (max_position_embeddings)", ids.size(1),
                                 config.max_positions));
  }
}

}  // namespace sinkscope::model
