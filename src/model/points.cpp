#include "sinkscope/model/points.h"

#include <fmt/format.h>

#include <stdexcept>

#include "model/families/tensor_table.h"
#include "sinkscope/error.h"

namespace sinkscope::model {

const std::vector<PointInfo>& points() {
  static const std::vector<PointInfo> table = {
      {Point::embed, "hook_embed", "nTd", "token embedding"},
      {Point::resid_pre, "hook_resid_pre", "nTd", "what the block reads"},
      {Point::attn_in, "hook_attn_in", "nTd", "the residual as attention alone reads it, before its norm"},
      {Point::ln1, "ln1.hook_out", "nTd", "input norm's output, its weight applied"},
      {Point::q, "attn.hook_q", "nTHh", "query projection, before norm and rotary"},
      {Point::k, "attn.hook_k", "nTKh", "key projection, before norm and rotary"},
      {Point::v, "attn.hook_v", "nTKh", "value projection"},
      {Point::q_normed, "attn.hook_q_normed", "nTHh", "after q_norm, before rotary"},
      {Point::k_normed, "attn.hook_k_normed", "nTKh", "after k_norm, before rotary"},
      {Point::rot_q, "attn.hook_rot_q", "nTHh", "query after rotary"},
      {Point::rot_k, "attn.hook_rot_k", "nTKh", "key after rotary"},
      {Point::attn_scores, "attn.hook_attn_scores", "nHTT", "scaled and masked scores (float32)"},
      {Point::pattern, "attn.hook_pattern", "nHTT", "softmax of the scores (float32)"},
      {Point::z, "attn.hook_z", "nTHh", "heads' mixed values, before the output projection"},
      {Point::attn_out, "hook_attn_out", "nTd", "after the output projection"},
      {Point::resid_mid, "hook_resid_mid", "nTd", "residual between attention and MLP"},
      {Point::mlp_in, "hook_mlp_in", "nTd", "the residual as the MLP alone reads it, before its norm"},
      {Point::ln2, "ln2.hook_out", "nTd", "MLP's input, weight applied"},
      {Point::mlp_pre, "mlp.hook_pre", "nTm", "gate before the activation"},
      {Point::mlp_pre_linear, "mlp.hook_pre_linear", "nTm", "up"},
      {Point::mlp_post, "mlp.hook_post", "nTm", "activation(gate) * up, what the down projection reads"},
      {Point::mlp_out, "hook_mlp_out", "nTd", "MLP's output"},
      {Point::resid_post, "hook_resid_post", "nTd", "what the block gives"},
      {Point::ln_final, "ln_final.hook_out", "nTd", "final norm's output, weight applied"},
      {Point::logits, "logits", "nTV", "next-token logits"},
  };
  return table;
}

const PointInfo& info(Point point) {
  return points()[static_cast<size_t>(point)];
}

bool in_block(Point point) {
  return point >= Point::resid_pre && point <= Point::resid_post;
}

/// Whether models of this config have such a place.
bool exists(Point point, const Config& config) {
  switch (point) {
    case Point::q_normed: return has(Role::q_norm, config);
    case Point::k_normed: return has(Role::k_norm, config);
    default: return true;
  }
}

std::vector<PointInfo> points(const Config& config) {
  std::vector<PointInfo> found;
  for (const auto& point : points()) {
    if (exists(point.point, config)) found.push_back(point);
  }
  return found;
}

void check_layer(int64_t layer, const Config& config, const std::string& where) {
  if (layer >= 0 && layer < config.n_layers) return;
  throw InputError(fmt::format("{}{}layer {} of a model with {} layers (0 to {})", where, where.empty() ? "" : ": ",
                               layer, config.n_layers, config.n_layers - 1));
}

void check_exists(Point point, const Config& config, const std::string& site) {
  if (exists(point, config)) return;
  throw InputError(fmt::format("site '{}': a {} model has no norm of queries and keys; {} is what rotary turns", site,
                               config.model_type, info(point == Point::q_normed ? Point::q : Point::k).name));
}

int64_t next_mlp(const Site& residual) {
  return residual.point == Point::resid_post ? residual.layer + 1 : residual.layer;
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

int64_t size_of(char axis, const Config& config) {
  switch (axis) {
    case 'd': return config.d_model;
    case 'H': return config.n_heads;
    case 'K': return config.n_kv_heads;
    case 'h': return config.d_head;
    case 'm': return config.d_mlp;
    case 'V': return config.vocab_size;
    default: throw std::logic_error(fmt::format("no size of a config is called '{}'", axis));
  }
}

std::vector<int64_t> shape_at(const Site& site, const Config& config, int64_t n, int64_t T) {
  std::vector<int64_t> shape;
  for (const char axis : info(site.point).shape)
    shape.push_back(axis == 'n' ? n : axis == 'T' ? T : size_of(axis, config));
  return shape;
}

std::vector<Site> all_sites(const Config& config) {
  const auto there = points(config);
  std::vector<Site> sites{{Point::embed}};
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const auto& point : there) {
      if (in_block(point.point)) sites.push_back({point.point, layer});
    }
  }
  sites.push_back({Point::ln_final});
  sites.push_back({Point::logits});
  return sites;
}

}  // namespace sinkscope::model
