#include <ATen/ATen.h>

#include <utility>

#include "model/cpu/blocked_attention.h"
#include "model/gpu_demands.h"
#include "sinkscope/model/attention.h"
#include "sinkscope/model/device.h"

namespace sinkscope::model {
namespace {

/// z [n, H, T, h] and the log-sum-exp [n, H, T].
using Mixed = std::pair<at::Tensor, at::Tensor>;

Mixed on_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  const auto [z, lse] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, /*dropout_p=*/0.0, /*is_causal=*/true,
                                                                        /*attn_mask=*/std::nullopt, scale);
  return {z, lse};
}

Mixed by_flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  const auto result = at::_scaled_dot_product_flash_attention(q, k, v, /*dropout_p=*/0.0, /*is_causal=*/true,
                                                              /*return_debug_mask=*/false, scale);
  return {std::get<0>(result), std::get<1>(result)};
}

/// It wants one key head a query head and pads the rows of its log-sum-exp.
Mixed by_efficient(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  const int64_t group = q.size(1) / k.size(1);
  const auto [z, lse, seed, offset] = at::_scaled_dot_product_efficient_attention(
      q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), /*attn_bias=*/std::nullopt,
      /*compute_log_sumexp=*/true, /*dropout_p=*/0.0, /*is_causal=*/true, scale);
  return {z, lse.slice(-1, 0, q.size(2))};
}

/// Both kernels take heads of a multiple of 8; zeros behind them change no score.
Mixed on_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  const int64_t width = q.size(-1), missing = (8 - width % 8) % 8;
  const auto fitted = [&](const at::Tensor& x) {
    return missing == 0 ? in_packs(x) : at::constant_pad_nd(x, {0, missing});
  };
  const bool flash = attention_way(q.scalar_type(), width + missing) == AttentionWay::flash;
  const auto [z, lse] = (flash ? by_flash : by_efficient)(fitted(q), fitted(k), fitted(v), scale);
  return {z.slice(-1, 0, width), lse};
}

}  // namespace

Attended in_sample_parts(const Heads& heads, const Asked& asked, int64_t most) {
  std::vector<at::Tensor> z, lse, columns;
  for (int64_t first = 0; first < heads.q.size(0); first += most) {
    const auto part_of = [&](const at::Tensor& x) { return x.defined() ? x.slice(0, first, first + most) : x; };
    const auto part =
        library_attention({part_of(heads.q), part_of(heads.k), part_of(heads.v), heads.score_width}, asked);
    z.push_back(part.z);
    lse.push_back(part.lse);
    columns.push_back(part.columns);
  }
  return {asked.mixed ? at::cat(z) : at::Tensor(), at::cat(lse), asked.keys.empty() ? at::Tensor() : at::cat(columns)};
}

Attended library_attention(const Heads& heads, const Asked& asked) {
  if (heads.q.is_cuda()) {
    if (heads.q.size(0) > kMostSamples) return in_sample_parts(heads, asked, kMostSamples);
    if (attention_way(heads.q.scalar_type(), heads.q.size(-1)) == AttentionWay::by_parts) {
      return attention_by_parts(heads, asked);
    }
  }
  const auto q = heads.q.transpose(1, 2), k = heads.k.transpose(1, 2);
  // Its kernels mix something; where it is not wanted, only the log-sum-exp is.
  const auto v = asked.mixed ? heads.v.transpose(1, 2) : k;
  const auto [z, lse] = q.is_cuda() ? on_cuda(q, k, v, heads.scale()) : on_cpu(q, k, v, heads.scale());
  Attended given{asked.mixed ? z.transpose(1, 2) : at::Tensor(), lse, {}};
  if (asked.keys.empty()) return given;
  const auto index = send(at::tensor(asked.keys, at::kLong), heads.q.device());
  given.columns = q.is_cuda() ? cuda_columns(heads.q, heads.k, lse, index, heads.scale())
                              : attention_columns_by_products(heads, lse, index);
  return given;
}

Attended fused_attention(const Heads& heads, const Asked& asked) {
  return can_block(heads) ? blocked_attention(heads, asked) : library_attention(heads, asked);
}

}  // namespace sinkscope::model
