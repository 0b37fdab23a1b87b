#include "sinkscope/model/points.h"

#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/error.h"

namespace sinkscope::model {

const std::vector<PointInfo>& points() {
  static const std::vector<PointInfo> table = {
      {Point::embed, "hook_embed", "nTd", "token embedding", "model.embed_tokens"},
      {Point::resid_pre, "hook_resid_pre", "nTd", "what the block reads", ""},
      {Point::attn_in, "hook_attn_in", "nTd", "the residual as attention alone reads it, before its norm", ""},
      {Point::ln1, "ln1.hook_out", "nTd", "input norm's output, its weight applied", "input_layernorm"},
      {Point::q, "attn.hook_q", "nTHh", "query projection, before norm and rotary", "self_attn.q_proj"},
      {Point::k, "attn.hook_k", "nTKh", "key projection, before norm and rotary", "self_attn.k_proj"},
      {Point::v, "attn.hook_v", "nTKh", "value projection", "self_attn.v_proj"},
      {Point::q_normed, "attn.hook_q_normed", "nTHh", "after q_norm, before rotary", "self_attn.q_norm"},
      {Point::k_normed, "attn.hook_k_normed", "nTKh", "after k_norm, before rotary", "self_attn.k_norm"},
      {Point::rot_q, "attn.hook_rot_q", "nTHh", "query after rotary", ""},
      {Point::rot_k, "attn.hook_rot_k", "nTKh", "key after rotary", ""},
      {Point::attn_scores, "attn.hook_attn_scores", "nHTT", "scaled and masked scores (float32)", ""},
      {Point::pattern, "attn.hook_pattern", "nHTT", "softmax of the scores (float32)", ""},
      {Point::z, "attn.hook_z", "nTHh", "heads' mixed values, before the output projection", ""},
      {Point::attn_out, "hook_attn_out", "nTd", "after the output projection", "self_attn"},
      {Point::resid_mid, "hook_resid_mid", "nTd", "residual between attention and MLP", ""},
      {Point::mlp_in, "hook_mlp_in", "nTd", "the residual as the MLP alone reads it, before its norm", ""},
      {Point::ln2, "ln2.hook_out", "nTd", "MLP's input, weight applied", "post_attention_layernorm"},
      {Point::mlp_pre, "mlp.hook_pre", "nTm", "gate before SiLU", "mlp.gate_proj"},
      {Point::mlp_pre_linear, "mlp.hook_pre_linear", "nTm", "up", "mlp.up_proj"},
      {Point::mlp_post, "mlp.hook_post", "nTm", "SiLU(gate) * up, what the down projection reads", ""},
      {Point::mlp_out, "hook_mlp_out", "nTd", "MLP's output", "mlp"},
      {Point::resid_post, "hook_resid_post", "nTd", "what the block gives", ""},
      {Point::ln_final, "ln_final.hook_out", "nTd", "final norm's output, weight applied", "model.norm"},
      {Point::logits, "logits", "nTV", "next-token logits", "lm_head"},
  };
  return table;
}

const PointInfo& info(Point point) {
  return points()[static_cast<size_t>(point)];
}

bool in_block(Point point) {
  return point >= Point::resid_pre && point <= Point::resid_post;
}

bool exists(Point point, const Config& config) {
  return config.qk_norm || (point != Point::q_normed && point != Point::k_normed);
}

void check_exists(Point point, const Config& config, const std::string& site) {
  if (exists(point, config)) return;
  throw InputError(fmt::format("site '{}': a {} model has no norm of queries and keys; {} is what rotary turns", site,
                               config.model_type, info(point == Point::q_normed ? Point::q : Point::k).name));
}

bool before(const Site& a, const Site& b) {
  const auto rank = [](const Site& site) {
    if (site.point == Point::embed) return int64_t{-1};
    if (!in_block(site.point)) return INT64_MAX - 100 + static_cast<int64_t>(site.point);
    return site.layer * 100 + static_cast<int64_t>(site.point);
  };
  return rank(a) < rank(b);
}

std::string name(const Site& site) {
  const auto& point = info(site.point);
  return in_block(site.point) ? fmt::format("blocks.{}.{}", site.layer, point.name) : std::string(point.name);
}

std::vector<int64_t> shape_at(const Site& site, const Config& config, int64_t n, int64_t T) {
  std::vector<int64_t> shape;
  for (const char axis : info(site.point).shape) {
    switch (axis) {
      case 'n': shape.push_back(n); break;
      case 'T': shape.push_back(T); break;
      case 'd': shape.push_back(config.d_model); break;
      case 'H': shape.push_back(config.n_heads); break;
      case 'K': shape.push_back(config.n_kv_heads); break;
      case 'h': shape.push_back(config.d_head); break;
      case 'm': shape.push_back(config.d_mlp); break;
      default: shape.push_back(config.vocab_size);
    }
  }
  return shape;
}

std::vector<Site> all_sites(const Config& config) {
  std::vector<Site> sites{{Point::embed}};
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const auto& point : points()) {
      if (in_block(point.point) && exists(point.point, config)) sites.push_back({point.point, layer});
    }
  }
  sites.push_back({Point::ln_final});
  sites.push_back({Point::logits});
  return sites;
}

}  // namespace sinkscope::model
