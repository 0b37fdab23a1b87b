#include <ATen/ATen.h>

#include <algorithm>

#include "sinkscope/model/attention.h"

namespace sinkscope::model {
namespace {

/// The first `window` rows see all before them.
void add_first_rows(const Heads& heads, const std::vector<int64_t>& keys, int64_t window, Fused& fused) {
  const auto first_of = [&](const at::Tensor& x) { return x.defined() ? x.slice(1, 0, window) : x; };
  std::vector<int64_t> there, places;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] >= window) continue;
    there.push_back(keys[i]);
    places.push_back(static_cast<int64_t>(i));
  }
  if (there.empty() && !fused.z.defined()) return;
  const auto found =
      fused_attention({first_of(heads.q), first_of(heads.k), first_of(heads.v)}, there, fused.z.defined());
  if (fused.z.defined()) fused.z.slice(1, 0, window).copy_(found.z);
  for (size_t i = 0; i < there.size(); ++i)
    fused.columns.slice(2, 0, window).select(-1, places[i]).copy_(found.columns.select(-1, static_cast<int64_t>(i)));
}

/// Rows [row, end) and the keys that one of them sees.
void add_rows(const Heads& heads, const std::vector<int64_t>& keys, int64_t window, int64_t row, int64_t end,
              Fused& fused) {
  const int64_t first = row - window + 1;
  const auto at = at::arange(first, end, at::TensorOptions(at::kLong).device(heads.q.device()));
  const auto distance = at.slice(0, window - 1).unsqueeze(1) - at;
  const Heads part{heads.q.slice(1, row, end), heads.k.slice(1, first, end), {}};
  const auto pattern = attention_scores(part, (distance >= 0).logical_and(distance < window)).softmax(-1);
  if (fused.z.defined()) fused.z.slice(1, row, end).copy_(mix_values(pattern, heads.v.slice(1, first, end)));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] < first || keys[i] >= end) continue;
    fused.columns.slice(2, row, end).select(-1, static_cast<int64_t>(i)).copy_(pattern.select(-1, keys[i] - first));
  }
}

}  // namespace

Fused windowed_attention(const Heads& heads, const std::vector<int64_t>& keys, bool mixed, int64_t window) {
  const int64_t n = heads.q.size(0), T = heads.q.size(1), H = heads.q.size(2);
  Fused fused;
  if (mixed) fused.z = at::empty(heads.q.sizes(), heads.q.options());
  if (!keys.empty())
    fused.columns = at::zeros({n, H, T, static_cast<int64_t>(keys.size())}, heads.q.options().dtype(at::kFloat));
  add_first_rows(heads, keys, std::min(window, T), fused);
  for (int64_t row = window; row < T; row += kWindowRows)
    add_rows(heads, keys, window, row, std::min(row + kWindowRows, T), fused);
  return fused;
}

}  // namespace sinkscope::model
