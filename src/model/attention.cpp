#include "sinkscope/model/attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "sinkscope/model/device.h"

namespace sinkscope::model {
namespace {

/// [n, T, K, h] -> [n, H, T, h], each key head repeated for its group of query heads.
at::Tensor for_query_heads(const at::Tensor& x, int64_t n_heads) {
  const auto heads_first = x.transpose(1, 2);
  return heads_first.repeat_interleave(n_heads / heads_first.size(1), 1);
}

/// Rows that see only themselves mix nothing: their output is their own value.
at::Tensor replace_self_only(const at::Tensor& z, const at::Tensor& v, const AttentionChange& change) {
  const auto own = v.repeat_interleave(z.size(2) / v.size(2), 2);
  if (change.all_self_only) return own;
  auto replaced = z.clone();
  for (const int64_t row : change.self_only) replaced.select(1, row).copy_(own.select(1, row));
  return replaced;
}

/// Their columns are set, not computed: 1 at themselves, 0 elsewhere.
at::Tensor set_self_only(at::Tensor columns, const std::vector<int64_t>& keys, const AttentionChange& change) {
  const auto set_row = [&](int64_t row) {
    columns.select(2, row).zero_();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == row) columns.select(2, row).select(-1, static_cast<int64_t>(i)).fill_(1);
    }
  };
  if (change.all_self_only) {
    for (int64_t row = 0; row < columns.size(2); ++row) set_row(row);
  }
  for (const int64_t row : change.self_only) set_row(row);
  return columns;
}

/// The only score of such rows: q·k of themselves.
at::Tensor own_scores(const Heads& heads) {  // [n, H, T]
  const auto q = heads.q.to(at::kFloat), k = heads.k.to(at::kFloat);
  const auto own = k.repeat_interleave(q.size(2) / k.size(2), 2);
  return ((q * own).sum(-1) * heads.scale()).transpose(1, 2);
}

at::Tensor replace_lse(const at::Tensor& lse, const Heads& heads, const AttentionChange& change) {
  const auto own = own_scores(heads);
  if (change.all_self_only) return own;
  auto replaced = lse.clone();
  for (const int64_t row : change.self_only) replaced.select(2, row).copy_(own.select(2, row));
  return replaced;
}

at::Tensor index_tensor(const std::vector<int64_t>& keys, at::Device device) {
  return send(at::tensor(keys, at::kLong), device);
}

/// Of all taps, one after the other.
std::vector<int64_t> keys_of(const std::vector<Taps::Column>& columns) {
  std::vector<int64_t> all;
  for (const auto& [keys, f] : columns) all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

}  // namespace

double Heads::scale() const {
  return 1.0 / std::sqrt(static_cast<double>(width_of_scores()));
}

at::Tensor attention_scores(const Heads& heads, const at::Tensor& visible) {
  const auto q = heads.q.transpose(1, 2).to(at::kFloat);
  const auto k = for_query_heads(heads.k, heads.q.size(2)).to(at::kFloat);
  const auto scores = at::matmul(q, k.transpose(-1, -2)) * heads.scale();
  return scores.masked_fill(send(visible, scores.device()).logical_not(), -std::numeric_limits<float>::infinity());
}

at::Tensor mix_values(const at::Tensor& pattern, const at::Tensor& v) {
  const auto values = for_query_heads(v, pattern.size(1)).to(at::kFloat);
  return at::matmul(pattern, values).transpose(1, 2).to(v.scalar_type());
}

at::Tensor attention_columns_by_products(const Heads& heads, const at::Tensor& lse, const at::Tensor& index) {
  const auto q = heads.q.transpose(1, 2).to(at::kFloat);
  const auto k = for_query_heads(heads.k.index_select(1, index), heads.q.size(2)).to(at::kFloat);
  const auto log_p = at::matmul(q, k.transpose(-1, -2)) * heads.scale() - lse.unsqueeze(-1);  // [n, H, T, keys]
  const auto hidden = at::arange(heads.q.size(1), index.options()).unsqueeze(1) < index;      // query < key
  return log_p.exp().masked_fill_(hidden, 0);
}

Attended attention_by_rows(const Heads& heads, const Asked& asked, int64_t window, const AttentionChange& change) {
  auto given =
      window > 0 && window < heads.q.size(1) ? windowed_attention(heads, asked, window) : fused_attention(heads, asked);
  if (!change.any()) return given;
  if (asked.mixed) given.z = replace_self_only(given.z, heads.v, change);
  if (asked.lse) given.lse = replace_lse(given.lse, heads, change);
  if (!asked.keys.empty()) given.columns = set_self_only(given.columns, asked.keys, change);
  return given;
}

Attended attention_by_matrix(const at::Tensor& scores, const at::Tensor& pattern, const at::Tensor& v,
                             const Asked& asked) {
  Attended given;
  if (asked.mixed) given.z = mix_values(pattern, v);
  if (asked.lse) given.lse = scores.logsumexp(-1);
  if (!asked.keys.empty()) given.columns = pattern.index_select(-1, index_tensor(asked.keys, pattern.device()));
  return given;
}

at::Tensor attend(const Heads& heads, int64_t layer, int64_t window, Taps& taps) {
  const AttentionChange& change = taps.attention_of(layer);
  const Site scores_site{Point::attn_scores, layer}, pattern_site{Point::pattern, layer};
  const bool by_matrix = change.needs_mask() || taps.edited(scores_site) || taps.edited(pattern_site);
  const auto& columns = taps.columns_of(layer);
  const Asked asked{.keys = keys_of(columns), .mixed = taps.wanted_from({Point::z, layer})};

  at::Tensor scores, pattern;
  if (by_matrix || taps.wanted(scores_site) || taps.wanted(pattern_site)) {
    const auto visible = visible_keys(change, heads.q.size(1), layer, window);
    scores = taps(scores_site, attention_scores(heads, visible));
    pattern = taps(pattern_site, scores.softmax(-1));
  }
  if (!asked.mixed && asked.keys.empty()) return {};
  const auto given = by_matrix ? attention_by_matrix(scores, pattern, heads.v, asked)
                               : attention_by_rows(heads, asked, window, change);
  int64_t done = 0;
  for (const auto& [keys, f] : columns) {
    const auto count = static_cast<int64_t>(keys.size());
    const auto own = given.columns.slice(-1, done, done + count);
    f(by_matrix ? own.contiguous() : own);  // sums over it keep their order
    done += count;
  }
  return given.z;
}

}  // namespace sinkscope::model
