#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// A place in the forward pass where a tensor can be read or changed, in the order of the pass.
/// Names are TransformerLens's; shapes: n samples, T tokens, d model, H query and K key heads, h head width,
/// m neurons, V vocabulary.
enum class Point {
  embed,           ///< n T d    token embedding
  resid_pre,       ///< n T d    what the block reads
  attn_in,         ///< n T d    the residual as attention reads it, before its norm; an edit leaves the residual
  ln1,             ///< n T d    input norm's output, its weight applied
  q,               ///< n T H h  query projection with its bias, before q_norm
  k,               ///< n T K h  key projection with its bias, before k_norm
  v,               ///< n T K h  value projection with its bias
  q_normed,        ///< n T H h  after q_norm, before rotary; only with Config::qk_norm
  k_normed,        ///< n T K h  after k_norm, before rotary; only with Config::qk_norm
  rot_q,           ///< n T H h  after rotary
  rot_k,           ///< n T K h  after rotary
  attn_scores,     ///< n H T T  scaled and masked (-inf) scores, float32
  pattern,         ///< n H T T  their softmax, float32
  z,               ///< n T H h  heads' mixed values, before the output projection
  attn_out,        ///< n T d    after the output projection
  resid_mid,       ///< n T d    residual between attention and MLP
  mlp_in,          ///< n T d    the residual as the MLP reads it, before its norm; an edit leaves the residual
  ln2,             ///< n T d    MLP's input, weight applied
  mlp_pre,         ///< n T m    gate before the activation
  mlp_pre_linear,  ///< n T m    up
  mlp_post,        ///< n T m    activation(gate) * up, what the down projection reads
  mlp_out,         ///< n T d    MLP's output
  resid_post,      ///< n T d    what the block gives
  ln_final,        ///< n T d    final norm's output, weight applied
  logits,          ///< n T V
};

/// What a person is told of a point.
struct PointInfo {
  Point point;
  std::string_view name;   ///< within the block ("attn.hook_q"), or whole ("logits")
  std::string_view shape;  ///< one letter an axis, as above
  std::string_view what;
};

/// All that a model may have, in the enum's order, and those that models of this config have: q_normed and k_normed
/// only where queries and keys are normed.
const std::vector<PointInfo>& points();
std::vector<PointInfo> points(const Config&);

const PointInfo& info(Point);
bool in_block(Point);

/// Throws InputError for a layer that the model does not have, which begins with `where` (an option, a site) if given.
void check_layer(int64_t layer, const Config&, const std::string& where = {});

/// Throws InputError that names the site where the model has no such point.
void check_exists(Point, const Config&, const std::string& site);

/// A point of one layer; layer is -1 outside the blocks.
struct Site {
  Point point = Point::embed;
  int64_t layer = -1;
  bool operator==(const Site&) const = default;
};

/// The block whose MLP is the first to read this residual after a block's attention or MLP.
int64_t next_mlp(const Site& residual);

/// True where the pass reaches `a` before `b`.
bool before(const Site& a, const Site& b);

/// That order, for sites as the keys of a map.
struct InOrderOfPass {
  bool operator()(const Site& a, const Site& b) const { return before(a, b); }
};

/// "blocks.6.hook_mlp_out"
std::string name(const Site&);

/// One size by its letter above; none of a config's own for n and T.
int64_t size_of(char axis, const Config&);

/// The sizes of a site's tensor for n samples of T tokens.
std::vector<int64_t> shape_at(const Site&, const Config&, int64_t n, int64_t T);

/// Every site of a model, in the order of the pass.
std::vector<Site> all_sites(const Config&);

/// One site by its name or alias; throws InputError that names the nearest for an unknown one, and the range for
/// a layer that the model does not have.
Site parse_site(const std::string& name, const Config&);

/// A comma list of names, aliases, globs ("blocks.*.hook_resid_post") and "all", in the order of the pass without
/// repeats. A glob that matches nothing is an InputError.
std::vector<Site> parse_sites(const std::string& list, const Config&);

}  // namespace sinkscope::model
