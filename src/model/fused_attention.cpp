#include <ATen/ATen.h>

#include <utility>

#include "model/cpu/blocked_attention.h"
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

/// Flash attention takes half precision and grouped heads; float32 goes to the memory-efficient kernel, which
/// wants one key head a query head and pads the rows of its log-sum-exp.
Mixed on_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  if (q.scalar_type() != at::kFloat) {
    const auto result = at::_scaled_dot_product_flash_attention(q, k, v, /*dropout_p=*/0.0, /*is_causal=*/true,
                                                                /*return_debug_mask=*/false, scale);
    return {std::get<0>(result), std::get<1>(result)};
  }
  const int64_t group = q.size(1) / k.size(1);
  const auto [z, lse, seed, offset] = at::_scaled_dot_product_efficient_attention(
      q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), /*attn_bias=*/std::nullopt,
      /*compute_log_sumexp=*/true, /*dropout_p=*/0.0, /*is_causal=*/true, scale);
  return {z, lse.slice(-1, 0, q.size(2))};
}

/// Both kernels take heads of a multiple of 8; zeros behind them change no score.
Mixed on_cuda_padded(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale) {
  const int64_t width = q.size(-1), missing = (8 - width % 8) % 8;
  if (missing == 0) return on_cuda(q, k, v, scale);
  const auto padded = [&](const at::Tensor& x) { return at::constant_pad_nd(x, {0, missing}); };
  const auto [z, lse] = on_cuda(padded(q), padded(k), padded(v), scale);
  return {z.slice(-1, 0, width), lse};
}

/// A copy from pinned memory: any other would wait, at every layer, for all that the GPU has to do.
at::Tensor index_on(at::Device device, const std::vector<int64_t>& keys) {
  return at::tensor(keys, at::TensorOptions(at::kLong).pinned_memory(device.is_cuda()))
      .to(device, /*non_blocking=*/true);
}

}  // namespace

Attended library_attention(const Heads& heads, const Asked& asked) {
  const auto q = heads.q.transpose(1, 2), k = heads.k.transpose(1, 2);
  // Its kernels mix something; where it is not wanted, only the log-sum-exp is.
  const auto v = asked.mixed ? heads.v.transpose(1, 2) : k;
  const auto [z, lse] = q.is_cuda() ? on_cuda_padded(q, k, v, heads.scale()) : on_cpu(q, k, v, heads.scale());
  Attended given{asked.mixed ? z.transpose(1, 2) : at::Tensor(), lse, {}};
  if (asked.keys.empty()) return given;
  const auto index = index_on(heads.q.device(), asked.keys);
  given.columns = q.is_cuda() ? cuda_columns(heads.q, heads.k, lse, index, heads.scale())
                              : attention_columns_by_products(heads, lse, index);
  return given;
}

Attended fused_attention(const Heads& heads, const Asked& asked) {
  return can_block(heads) ? blocked_attention(heads, asked) : library_attention(heads, asked);
}

}  // namespace sinkscope::model
