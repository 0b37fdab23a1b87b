#include "sinkscope/model/model.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "sinkscope/error.h"
#include "sinkscope/model/attention.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

constexpr int64_t kMlpTokens = 4096;

/// The residual stream; what a block adds waits for the norm that reads the sum, so that both are one pass.
class Model::Residual {
 public:
  explicit Residual(at::Tensor x) : x_(std::move(x)) {}
  void add(at::Tensor y) { waiting_ = std::move(y); }

  /// Through the taps at `site`, where somebody wants it there.
  void tap(const Site& site, Taps& taps) {
    if (!taps.wanted(site)) return;
    settle();
    x_ = taps(site, x_);
  }

  /// Normalised for a reader that may see it changed at `reader`; the residual itself stays.
  at::Tensor normed(const at::Tensor& weight, double eps, const Site& reader, Taps& taps) {
    if (!taps.wanted(reader)) return normed(weight, eps);
    settle();
    return rms_norm(taps(reader, x_), weight, eps);
  }

  at::Tensor normed(const at::Tensor& weight, double eps) {
    if (!waiting_.defined()) return rms_norm(x_, weight, eps);
    auto [sum, normed] = add_rms_norm(x_, std::exchange(waiting_, {}), weight, eps);
    x_ = std::move(sum);
    return normed;
  }

 private:
  void settle() {
    if (waiting_.defined()) x_ = x_ + std::exchange(waiting_, {});
  }

  at::Tensor x_, waiting_;
};

Model::Model(const Config& config, Weights weights, at::ScalarType dtype,
             const std::function<void(const std::string&)>& taken)
    : config_(config) {
  const auto take = [&](const std::string& name) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw std::logic_error(fmt::format("the model has no weight '{}'", name));
    return std::move(found->second);
  };
  const auto kept = activation_dtype(dtype);  // of embedding, norms and head
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    const auto name = [&](const char* part) { return fmt::format("model.layers.{}.{}.weight", layer, part); };
    const auto norm = [&](const char* part) { return take(name(part)).to(kept); };
    const auto linear = [&](const std::vector<const char*>& parts) {
      std::vector<at::Tensor> given, biases;
      for (const char* part : parts) {
        given.push_back(take(name(part)));
        const auto bias = fmt::format("model.layers.{}.{}.bias", layer, part);
        if (weights.contains(bias)) biases.push_back(take(bias));
      }
      Linear made(std::move(given), dtype, biases);
      for (const char* part : parts) {
        if (taken && made.is_copy()) taken(name(part));
      }
      return made;
    };
    blocks_.push_back({.input_layernorm = norm("input_layernorm"),
                       .qkv_proj = linear({"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}),
                       .q_norm = config.qk_norm ? norm("self_attn.q_norm") : at::Tensor(),
                       .k_norm = config.qk_norm ? norm("self_attn.k_norm") : at::Tensor(),
                       .o_proj = linear({"self_attn.o_proj"}),
                       .post_attention_layernorm = norm("post_attention_layernorm"),
                       .gate_up_proj = linear({"mlp.gate_proj", "mlp.up_proj"}),
                       .down_proj = linear({"mlp.down_proj"})});
  }
  embed_ = take("model.embed_tokens.weight").to(kept);
  final_norm_ = take("model.norm.weight").to(kept);
  lm_head_ = config.tied ? embed_ : take("lm_head.weight").to(kept);
}

/// In one pass, unless somebody asks for what lies between; rotary alone where there is no norm.
at::Tensor Model::norm_and_rotate(const at::Tensor& x, const at::Tensor& weight, const Site& normed,
                                  const RotaryTable& table, Taps& taps) const {
  if (!weight.defined()) return rotate(x, table);
  if (!taps.wanted(normed)) return rms_norm_rotate(x, weight, config_.rms_norm_eps, table);
  return rotate(taps(normed, rms_norm(x, weight, config_.rms_norm_eps)), table);
}

at::Tensor Model::attention(const at::Tensor& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto qkv = w.qkv_proj.each(x);
  const auto heads_of = [&](Point point, const at::Tensor& y) {
    return taps({point, layer}, y.unflatten(-1, {-1, config_.d_head}));
  };
  const bool mixed = taps.wanted_from({Point::z, layer});
  const auto q = heads_of(Point::q, qkv[0]), k = heads_of(Point::k, qkv[1]);
  const auto v = mixed || taps.wanted({Point::v, layer}) ? heads_of(Point::v, qkv[2]) : at::Tensor();
  const auto rot_q =
      norm_and_rotate(q, w.q_norm, {Point::q_normed, layer}, rotary(taps.positions_of(layer, RotaryOf::query)), taps);
  const auto rot_k =
      norm_and_rotate(k, w.k_norm, {Point::k_normed, layer}, rotary(taps.positions_of(layer, RotaryOf::key)), taps);
  const Heads heads{.q = taps({Point::rot_q, layer}, rot_q), .k = taps({Point::rot_k, layer}, rot_k), .v = v};
  const auto z = attend(heads, layer, config_.sliding_window, taps);
  return mixed ? w.o_proj(taps({Point::z, layer}, z).flatten(-2)) : at::Tensor();
}

/// On a CPU a large batch goes through in parts, unless somebody asks for what lies inside: the neurons of all its
/// tokens would be the largest tensors of the pass.
at::Tensor Model::mlp(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const bool seen = taps.wanted({Point::mlp_pre, layer}) || taps.wanted({Point::mlp_pre_linear, layer}) ||
                    taps.wanted({Point::mlp_post, layer});
  if (seen || !x.is_cpu() || x.size(0) * x.size(1) <= kMlpTokens) return neurons(x, layer, taps);
  const auto out = at::empty(x.sizes(), x.options());
  const auto to = out.flatten(0, 1).split(kMlpTokens), from = x.flatten(0, 1).split(kMlpTokens);
  for (size_t i = 0; i < from.size(); ++i) to[i].copy_(neurons(from[i], layer, taps));
  return out;
}

at::Tensor Model::neurons(const at::Tensor& x, int64_t layer, Taps& taps) const {
  const auto& w = blocks_[layer];
  const auto gate_up = w.gate_up_proj.each(x);
  const auto gate = taps({Point::mlp_pre, layer}, gate_up[0]), up = taps({Point::mlp_pre_linear, layer}, gate_up[1]);
  return w.down_proj(taps({Point::mlp_post, layer}, swiglu(gate, up)));
}

/// False where the pass ends inside. `attn_out`: what attention gave, where that is known.
bool Model::run_attention(Residual& x, int64_t layer, Rotary& rotary, Taps& taps, at::Tensor attn_out) const {
  if (!attn_out.defined()) {
    x.tap({Point::resid_pre, layer}, taps);
    const auto normed = x.normed(blocks_[layer].input_layernorm, config_.rms_norm_eps, {Point::attn_in, layer}, taps);
    attn_out = attention(taps({Point::ln1, layer}, normed), layer, rotary, taps);
    if (!attn_out.defined()) return false;
  }
  x.add(taps({Point::attn_out, layer}, attn_out));
  return true;
}

/// The same for the MLP.
bool Model::run_mlp(Residual& x, int64_t layer, Taps& taps, at::Tensor mlp_out) const {
  if (!mlp_out.defined()) {
    x.tap({Point::resid_mid, layer}, taps);
    if (!taps.wanted_from({Point::mlp_in, layer})) return false;
    const auto normed =
        x.normed(blocks_[layer].post_attention_layernorm, config_.rms_norm_eps, {Point::mlp_in, layer}, taps);
    mlp_out = mlp(taps({Point::ln2, layer}, normed), layer, taps);
  }
  x.add(taps({Point::mlp_out, layer}, mlp_out));
  x.tap({Point::resid_post, layer}, taps);
  return true;
}

/// Blocks from `layer` on and the head, as far as something is wanted.
void Model::run_blocks(Residual& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  for (; layer < config_.n_layers; ++layer) {
    if (!taps.wanted_from({Point::resid_pre, layer})) return;
    if (!run_attention(x, layer, rotary, taps, {}) || !run_mlp(x, layer, taps, {})) return;
  }
  if (!taps.wanted_from({Point::ln_final})) return;
  const auto normed = taps({Point::ln_final}, x.normed(final_norm_, config_.rms_norm_eps));
  if (taps.wanted_from({Point::logits})) taps({Point::logits}, unembed(normed));
}

void Model::forward(const at::Tensor& ids, Taps& taps) const {
  const c10::InferenceMode no_autograd;
  check_ids(ids, config_);
  resume({{Point::embed}, at::embedding(embed_, ids.to(device())), {}}, taps);
}

void Model::resume(const Start& start, Taps& taps) const {
  const c10::InferenceMode no_autograd;
  const int64_t layer = start.site.layer, T = start.residual.size(1);
  taps.check(T);
  const bool embeds = start.site.point == Point::embed;
  Residual x(embeds ? taps(start.site, start.residual) : start.residual);
  Rotary rotary(config_, T, device(), dtype());
  bool goes_on = true;
  switch (start.site.point) {
    case Point::embed:
    case Point::resid_pre: run_blocks(x, embeds ? 0 : layer, rotary, taps); break;
    case Point::attn_out: goes_on = run_attention(x, layer, rotary, taps, start.output); [[fallthrough]];
    case Point::resid_mid:
      if (goes_on && run_mlp(x, layer, taps, {})) run_blocks(x, layer + 1, rotary, taps);
      break;
    case Point::mlp_out:
      run_mlp(x, layer, taps, start.output);
      run_blocks(x, layer + 1, rotary, taps);
      break;
    default: throw std::logic_error(fmt::format("a pass cannot begin at {}", name(start.site)));
  }
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
