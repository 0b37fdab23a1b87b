#include "experiments/identify/readers.h"

#include <ATen/ATen.h>

#include <vector>

#include "experiments/identify/largest.h"

namespace sinkscope::experiments::identification {
namespace {

/// Rows [out, D] float32 as they meet what the norm was given, but for its scale.
at::Tensor through(const model::Norm& norm, const at::Tensor& weight) {
  const auto rows = weight.to(at::kFloat);
  return rows * norm.gain_of(rows);
}

at::Tensor key_ratios(const model::Block& block, int64_t heads, const at::Tensor& u) {
  const auto rows = through(block.ln1, block.attn.qkv.weight(1));
  const auto of_u = at::matmul(rows, u.to(rows.device())).view({heads, -1}).norm(2, 1);
  return (of_u / rows.view({heads, -1}).norm(2, 1).clamp_min(1e-30)).to(at::kCPU, at::kDouble);
}

at::Tensor gate_cosines(const model::Block& block, const at::Tensor& u) {
  const auto rows = through(block.ln2, block.mlp.gate_weight());
  return (at::matmul(rows, u.to(rows.device())) / rows.norm(2, 1).clamp_min(1e-30)).to(at::kCPU, at::kDouble);
}

at::Tensor stacked(const std::vector<at::Tensor>& rows, int64_t width) {
  return rows.empty() ? at::zeros({0, width}, at::kDouble) : at::stack(rows);
}

}  // namespace

Readers find_readers(const model::Model& model, const model::Site& site, int64_t sink_layer,
                     const at::Tensor& direction) {
  const auto& config = model.config();
  Readers found{.first_attention = site.layer + 1, .first_mlp = model::next_mlp(site)};
  std::vector<at::Tensor> keys, gates;
  for (auto l = found.first_attention; l <= sink_layer; ++l) {
    keys.push_back(key_ratios(model.block(l), config.n_kv_heads, direction));
  }
  for (auto l = found.first_mlp; l < sink_layer; ++l) gates.push_back(gate_cosines(model.block(l), direction));
  found.keys = stacked(keys, config.n_kv_heads);
  found.gates = stacked(gates, config.d_mlp);
  return found;
}

nlohmann::json to_json(const Readers& r, int64_t most) {
  return {{"keys", largest(r.keys, most, r.first_attention, {"key_head", "ratio"})},
          {"gates", largest(r.gates, most, r.first_mlp, {"neuron", "cosine"})}};
}

}  // namespace sinkscope::experiments::identification
