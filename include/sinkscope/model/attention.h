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
};

/// Causal attention without a T×T matrix.
struct Fused {
  at::Tensor z;        ///< [n, T, H, h] in q's dtype; undefined where the values were not to be mixed
  at::Tensor lse;      ///< [n, H, T] float32: log-sum-exp of each row's scaled scores; not of windowed_attention
  at::Tensor columns;  ///< [n, H, T, keys] float32: attention to the chosen keys, 0 above the diagonal
};
Fused fused_attention(const Heads&, const std::vector<int64_t>& keys, bool mixed);

/// The same by the library's kernels alone: a GPU's way, and that of a CPU without AVX-512.
Fused library_attention(const Heads&, const std::vector<int64_t>& keys, bool mixed);

/// The same where a query sees `window` keys, itself and those just before. The first `window` rows are
/// fused_attention's; the others are made in float32, a part at a time.
inline constexpr int64_t kWindowRows = 128;  ///< of a part; all parts but the last are of one size
Fused windowed_attention(const Heads&, const std::vector<int64_t>& keys, bool mixed, int64_t window);

/// Scaled and masked scores [n, H, T, T] in float32; what `visible` [T, T] hides is -inf.
at::Tensor attention_scores(const Heads&, const at::Tensor& visible);

/// softmax([n, H, T, T]) mixed with the values, in float32, given back in v's dtype: [n, T, H, h].
at::Tensor mix_values(const at::Tensor& pattern, const at::Tensor& v);

/// Post-softmax attention of every query to the chosen keys from the log-sum-exp: exp(scale q·k - lse),
/// [n, H, T, keys] float32; 0 above the diagonal. By ATen's products, on any device: the twin of the CUDA kernel.
/// `keys` [keys] int64.
at::Tensor attention_columns_by_products(const Heads&, const at::Tensor& lse, const at::Tensor& keys);

/// One layer's attention with all that the run asks of it. Gives z [n, T, H, h], or an undefined tensor when nothing
/// after the pattern is wanted. `window` is Config::sliding_window. Fused unless a score or pattern is edited or edges
/// change; a T×T matrix is made only for those and for reads of it.
at::Tensor attend(const Heads&, int64_t layer, int64_t window, Taps&);

}  // namespace sinkscope::model
