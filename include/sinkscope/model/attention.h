#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/attention_change.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::model {

/// Queries [n, T, H, h], keys and values [n, T, K, h] after rotary; query head i reads key head i / (H / K).
struct Heads {
  at::Tensor q, k, v;
  int64_t score_width = 0;  ///< scores are q·k over its square root; 0: h

  int64_t width_of_scores() const { return score_width > 0 ? score_width : q.size(-1); }
  double scale() const;
};

/// What is asked of one layer's attention.
struct Asked {
  std::vector<int64_t> keys = {};  ///< whose columns
  bool mixed = true;               ///< z
  bool lse = false;                ///< where it has to be made; some paths have it anyway
};

/// What an attention gives, on whatever path.
struct Attended {
  at::Tensor z;        ///< [n, T, H, h] in q's dtype; undefined where the values were not to be mixed
  at::Tensor lse;      ///< [n, H, T] float32: log-sum-exp of each row's scaled scores over the keys that it sees
  at::Tensor columns;  ///< [n, H, T, keys] float32: attention to the chosen keys, 0 above the diagonal
};

/// Causal attention without a T×T matrix; gives the log-sum-exp unasked.
Attended fused_attention(const Heads&, const Asked&);

/// The same by the library's kernels alone: a GPU's way, and that of a CPU without AVX-512.
Attended library_attention(const Heads&, const Asked&);

/// The same, `most` samples at a time.
Attended in_sample_parts(const Heads&, const Asked&, int64_t most);

/// The same in float32, a part of the rows at a time: for what the library's kernels do not take.
Attended attention_by_parts(const Heads&, const Asked&);

/// The same where a query sees `window` keys, itself and those just before. The first `window` rows are
/// fused_attention's; the others are made in float32, a part at a time.
inline constexpr int64_t kWindowRows = 128;  ///< of a part; all parts but the last are of one size
Attended windowed_attention(const Heads&, const Asked&, int64_t window);

/// The model's own attention (window 0: all keys before), with rows that see only themselves put in its place. The
/// change needs no mask.
Attended attention_by_rows(const Heads&, const Asked&, int64_t window, const AttentionChange&);

/// From the scores and the pattern made of them, [n, H, T, T] float32.
Attended attention_by_matrix(const at::Tensor& scores, const at::Tensor& pattern, const at::Tensor& v, const Asked&);

/// Scaled and masked scores [n, H, T, T] in float32; what `visible` [T, T] hides is -inf.
at::Tensor attention_scores(const Heads&, const at::Tensor& visible);

/// softmax([n, H, T, T]) mixed with the values, in float32, given back in v's dtype: [n, T, H, h].
at::Tensor mix_values(const at::Tensor& pattern, const at::Tensor& v);

/// Post-softmax attention of every query to the chosen keys from the log-sum-exp: exp(scale q·k - lse),
/// [n, H, T, keys] float32; 0 above the diagonal. By ATen's products, on any device: the twin of the CUDA kernel.
/// `keys` [keys] int64.
at::Tensor attention_columns_by_products(const Heads&, const at::Tensor& lse, const at::Tensor& keys);

/// One layer's attention with all that the run asks of it. Gives z [n, T, H, h], or an undefined tensor when nothing
/// after the pattern is wanted. `window` is LayerConfig's. By rows unless a score or pattern is edited or edges change;
/// a T×T matrix is made only for those and for reads of it.
at::Tensor attend(const Heads&, int64_t layer, int64_t window, Taps&);

}  // namespace sinkscope::model
