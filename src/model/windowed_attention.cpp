#include <ATen/ATen.h>

#include <algorithm>

#include "sinkscope/model/attention.h"

namespace sinkscope::model {
namespace {

Attended empty_for(const Heads& heads, const Asked& asked) {
  const int64_t n = heads.q.size(0), T = heads.q.size(1), H = heads.q.size(2);
  const auto of_rows = heads.q.options().dtype(at::kFloat);
  Attended given;
  if (asked.mixed) given.z = at::empty(heads.q.sizes(), heads.q.options());
  if (asked.lse) given.lse = at::empty({n, H, T}, of_rows);
  if (!asked.keys.empty()) given.columns = at::zeros({n, H, T, static_cast<int64_t>(asked.keys.size())}, of_rows);
  return given;
}

/// The first `window` rows see all before them.
void add_first_rows(const Heads& heads, const Asked& asked, int64_t window, Attended& given) {
  const auto first_of = [&](const at::Tensor& x) { return x.defined() ? x.slice(1, 0, window) : x; };
  Asked there{.mixed = asked.mixed, .lse = asked.lse};
  std::vector<int64_t> places;
  for (size_t i = 0; i < asked.keys.size(); ++i) {
    if (asked.keys[i] >= window) continue;
    there.keys.push_back(asked.keys[i]);
    places.push_back(static_cast<int64_t>(i));
  }
  if (there.keys.empty() && !asked.mixed && !asked.lse) return;
  const auto found =
      fused_attention({first_of(heads.q), first_of(heads.k), first_of(heads.v), heads.score_width}, there);
  if (asked.mixed) given.z.slice(1, 0, window).copy_(found.z);
  if (asked.lse) given.lse.slice(2, 0, window).copy_(found.lse);
  for (size_t i = 0; i < places.size(); ++i)
    given.columns.slice(2, 0, window).select(-1, places[i]).copy_(found.columns.select(-1, static_cast<int64_t>(i)));
}

/// Rows [row, end) and the keys that one of them sees.
void add_rows(const Heads& heads, const Asked& asked, int64_t window, int64_t row, Attended& given) {
  const int64_t end = std::min(row + kWindowRows, heads.q.size(1)), first = std::max<int64_t>(0, row - window + 1);
  const auto at = at::arange(first, end, at::TensorOptions(at::kLong).device(heads.q.device()));
  const auto distance = at.slice(0, row - first).unsqueeze(1) - at;
  const Heads part{heads.q.slice(1, row, end), heads.k.slice(1, first, end), {}, heads.score_width};
  const auto scores = attention_scores(part, (distance >= 0).logical_and(distance < window));
  const auto pattern = scores.softmax(-1);
  if (asked.mixed) given.z.slice(1, row, end).copy_(mix_values(pattern, heads.v.slice(1, first, end)));
  if (asked.lse) given.lse.slice(2, row, end).copy_(scores.logsumexp(-1));
  for (size_t i = 0; i < asked.keys.size(); ++i) {
    const int64_t key = asked.keys[i];
    if (key < first || key >= end) continue;
    given.columns.slice(2, row, end).select(-1, static_cast<int64_t>(i)).copy_(pattern.select(-1, key - first));
  }
}

}  // namespace

Attended windowed_attention(const Heads& heads, const Asked& asked, int64_t window) {
  const int64_t T = heads.q.size(1);
  auto given = empty_for(heads, asked);
  add_first_rows(heads, asked, std::min(window, T), given);
  for (int64_t row = window; row < T; row += kWindowRows) add_rows(heads, asked, window, row, given);
  return given;
}

Attended attention_by_parts(const Heads& heads, const Asked& asked) {
  const Asked with_lse{.keys = asked.keys, .mixed = asked.mixed, .lse = true};
  const int64_t T = heads.q.size(1);
  auto given = empty_for(heads, with_lse);
  for (int64_t row = 0; row < T; row += kWindowRows) add_rows(heads, with_lse, T, row, given);
  return given;
}

}  // namespace sinkscope::model
