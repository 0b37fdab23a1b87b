#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// What a tensor of a checkpoint is to the forward pass, whatever its name. Matrices are [out, in].
enum class Role {
  embed,     ///< [V, d]
  ln1,       ///< [d]       norm of what attention reads
  q,         ///< [H h, d]
  k,         ///< [K h, d]
  v,         ///< [K h, d]
  q_bias,    ///< [H h]
  k_bias,    ///< [K h]
  v_bias,    ///< [K h]
  q_norm,    ///< [h]       of every head's query
  k_norm,    ///< [h]       of every head's key
  o,         ///< [d, H h]
  ln1_post,  ///< [d]       norm of what attention gives, before it is added
  ln2,       ///< [d]       norm of what the MLP reads
  gate,      ///< [m, d]
  up,        ///< [m, d]
  down,      ///< [d, m]
  ln2_post,  ///< [d]       norm of what the MLP gives, before it is added
  ln_final,  ///< [d]
  unembed,   ///< [V, d]
};

/// A weight's place in the pass; layer is -1 outside the blocks.
struct WeightSite {
  Role role = Role::embed;
  int64_t layer = -1;
  auto operator<=>(const WeightSite&) const = default;  // NOLINT(modernize-use-nullptr): the check sees its 0
};

/// One tensor that the forward pass reads.
struct TensorSpec {
  WeightSite site;
  std::string name;  ///< in the checkpoint
  std::vector<int64_t> shape;

  bool is_bias() const { return site.role == Role::q_bias || site.role == Role::k_bias || site.role == Role::v_bias; }
  /// A matrix of a block's products (linear.h).
  bool is_product() const { return site.layer >= 0 && shape.size() == 2; }
};

/// Every tensor of a checkpoint of this shape by its family's table, in the order of the pass. Tied models have no
/// unembed.
std::vector<TensorSpec> tensor_specs(const Config&);

/// Numbers in all of them, or in those of some roles.
int64_t parameter_count(const Config&);
int64_t parameter_count(const Config&, const std::set<Role>&);

}  // namespace sinkscope::model
