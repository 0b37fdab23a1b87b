#include "sinkscope/model/model.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "model/residual.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"

namespace sinkscope::model {

/// False where the pass ends inside. `attn_out`: what is added, where that is known.
bool Model::run_attention(Residual& x, int64_t l, Rotary& rotary, Taps& taps, at::Tensor attn_out) const {
  const Block& b = blocks_[l];
  if (!attn_out.defined()) {
    x.tap({Point::resid_pre, l}, taps);
    const auto in = taps({Point::ln1, l}, x.read(b.ln1, {Point::attn_in, l}, taps));
    const auto out = b.attn(in, l, rotary, taps);
    if (!out.defined()) return false;
    attn_out = b.ln1_post(out);
  }
  x.add(taps({Point::attn_out, l}, attn_out));
  return true;
}

/// The same for the MLP.
bool Model::run_mlp(Residual& x, int64_t l, Taps& taps, at::Tensor mlp_out) const {
  const Block& b = blocks_[l];
  if (!mlp_out.defined()) {
    x.tap({Point::resid_mid, l}, taps);
    if (!taps.wanted_from({Point::mlp_in, l})) return false;
    const auto in = taps({Point::ln2, l}, x.read(b.ln2, {Point::mlp_in, l}, taps));
    mlp_out = b.ln2_post(b.mlp(in, l, taps));
  }
  x.add(taps({Point::mlp_out, l}, mlp_out));
  x.tap({Point::resid_post, l}, taps);
  return true;
}

/// Blocks from `layer` on and the head, as far as something is wanted.
void Model::run_blocks(Residual& x, int64_t layer, Rotary& rotary, Taps& taps) const {
  for (; layer < config_.n_layers; ++layer) {
    if (!taps.wanted_from({Point::resid_pre, layer})) return;
    if (!run_attention(x, layer, rotary, taps, {}) || !run_mlp(x, layer, taps, {})) return;
  }
  if (!taps.wanted_from({Point::ln_final})) return;
  const auto normed = taps({Point::ln_final}, x.read(ln_final_));
  if (taps.wanted_from({Point::logits})) taps({Point::logits}, unembed(normed));
}

void Model::forward(const at::Tensor& ids, Taps& taps) const {
  const c10::InferenceMode no_autograd;
  check_ids(ids, config_);
  auto x = at::embedding(embed_, send(ids, device()));
  if (config_.embedding_scale != 1) x = x * config_.embedding_scale;
  resume({{Point::embed}, x, {}}, taps);
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
  return at::linear(x, unembed_);
}

std::optional<Reader> Model::reader_of(const Site& site) const {
  const int64_t l = site.layer;
  const auto attention = [&](int64_t layer) {
    return Reader{{Point::attn_in, layer}, {Point::ln1, layer}, blocks_[layer].ln1};
  };
  const auto head = [&] { return Reader{{Point::resid_post, config_.n_layers - 1}, {Point::ln_final}, ln_final_}; };
  switch (site.point) {
    case Point::embed: return attention(0);
    case Point::resid_pre:
    case Point::attn_in:
    case Point::ln1: return attention(l);
    case Point::attn_out:
    case Point::resid_mid:
    case Point::mlp_in:
    case Point::ln2: return Reader{{Point::mlp_in, l}, {Point::ln2, l}, blocks_[l].ln2};
    case Point::mlp_out:
    case Point::resid_post: return l + 1 < config_.n_layers ? attention(l + 1) : head();
    case Point::ln_final: return head();
    default: return std::nullopt;
  }
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
