#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace sinkscope::model {

/// Query `query` attending to key `key`.
struct Edge {
  int64_t query;
  int64_t key;
};

/// How one layer's attention differs from the model's own. A row's keys are: the causal ones within the window, or
/// itself alone for self-only rows; plus the allowed edges; minus the blocked edges and the cut. A row left without
/// keys is refused.
struct AttentionChange {
  std::vector<int64_t> self_only;  ///< rows that see only themselves
  bool all_self_only = false;      ///< every row sees only itself
  std::vector<Edge> blocked;       ///< edges closed
  std::vector<Edge> allowed;       ///< edges opened, later keys included
  /// Rows q >= cut lose keys k < cut after the softmax and are renormalised, which is the softmax over the keys left.
  std::optional<int64_t> cut;

  bool any() const { return all_self_only || !self_only.empty() || needs_mask(); }
  /// False where replacing rows expresses it, which fused attention can do.
  bool needs_mask() const { return !blocked.empty() || !allowed.empty() || cut.has_value(); }
  void merge(const AttentionChange& other);
};

/// Which keys each query sees: bool [T, T]. `window` is LayerConfig's. Throws InputError for tokens out of
/// range and for an empty row.
at::Tensor visible_keys(const AttentionChange&, int64_t T, int64_t layer, int64_t window = 0);

/// Throws InputError where a named token is not below T.
void check_tokens(const AttentionChange&, int64_t T, int64_t layer);

}  // namespace sinkscope::model
