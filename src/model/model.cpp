#include "sinkscope/model/model.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <stdexcept>

#include "sinkscope/error.h"
#include "sinkscope/model/attention.h"
#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

Model::Model(const Config& config, Weights weights, at::ScalarType dtype,
             const std::function<void(const std::string&)>& taken)
    : config_(config) {
  const auto take = [&](const std::string& name) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw std::logic_error(fmt::format("the model has no weight '{}'", name));
    return std::move(found->second);
  };
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    const auto name = [&](const char* part) { return fmt::format("model.layers.{}.{}.weight", layer, part); };
    const auto norm = [&](const char* part) { return take(name(part)).to(dtype); };
    const auto linear = [&](const char* part) {
      Linear made(take(name(part)), dtype);
      if (taken && made.is_copy()) taken(name(part));
      return made;
    };
    blocks_.push_back({.input_layernorm = norm("input_layernorm"),
                       .q_proj = linear("self_attn.q_proj"),
                       .k_proj = linear("self_attn.k_proj"),
                       .v_proj = linear("self_attn.v_proj"),
                       .q_norm = norm("self_attn.q_norm"),
                       .k_norm = norm("self_attn.k_norm"),
                       .o_proj = linear("self_attn.o_proj"),
                       .post_attention_layernorm = norm("post_attention_layernorm"),
                       .gate_proj = linear("mlp.gate_proj"),
                       .up_proj = linear("mlp.up_proj"),
                       .down_proj = linear("mlp.down_proj")});
  }
  embed_ = take("model.embed_tokens.weight").to(dtype);
  final_norm_ = take("model.norm.weight").to(dtype);
  lm_head_ = config.tied ? embed_ : take("lm_head.weight").to(dtype);
}

at::Tensor Model::norm(const at::Tensor& x, const at::Tensor& weight) const {
  return rms_norm(x, weight, config_.rms_norm_eps);
}

/// In one pass, unless somebody asks for what lies between.
at::Tensor Model::norm_and_rotate(const at::Tensor& x, const at::Tensor& weight, const Site& normed,
                                  const RotaryTable& table, Taps& taps) const {
  if (!taps.wanted(normed)) return rms_norm_rotate(x, weight, config_.rms_norm_eps, table);
  return rotate(taps(normed, norm(x, weight)), table);
}

at::Tensor Model::attention(const at::Tensor& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto project = [&](Point point, const Linear& weight) {
    return taps({point, layer}, weight(x).unflatten(-1, {-1, config_.d_head}));
  };
  const bool mixed = taps.wanted_from({Point::z, layer});
  const auto q = project(Point::q, w.q_proj), k = project(Point::k, w.k_proj);
  const auto v = mixed || taps.wanted({Point::v, layer}) ? project(Point::v, w.v_proj) : at::Tensor();
  const auto rot_q =
      norm_and_rotate(q, w.q_norm, {Point::q_normed, layer}, rotary(taps.positions_of(layer, RotaryOf::query)), taps);
  const auto rot_k =
      norm_and_rotate(k, w.k_norm, {Point::k_normed, layer}, rotary(taps.positions_of(layer, RotaryOf::key)), taps);
  const Heads heads{.q = taps({Point::rot_q, layer}, rot_q), .k = taps({Point::rot_k, layer}, rot_k), .v = v};
  const auto z = attend(heads, layer, taps);
  return mixed ? w.o_proj(taps({Point::z, layer}, z).flatten(-2)) : at::Tensor();
}

at::Tensor Model::mlp(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto gate = taps({Point::mlp_pre, layer}, w.gate_proj(x));
  const auto up = taps({Point::mlp_pre_linear, layer}, w.up_proj(x));
  return w.down_proj(taps({Point::mlp_post, layer}, swiglu(gate, up)));
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
