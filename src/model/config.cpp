#include "sinkscope/model/config.h"

#include <fmt/format.h>

#include <limits>

namespace sinkscope::model {

std::vector<TensorSpec> tensor_specs(const Config& c) {
  const int64_t q_width = c.n_heads * c.d_head, kv_width = c.n_kv_heads * c.d_head;
  std::vector<TensorSpec> specs{{"model.embed_tokens.weight", {c.vocab_size, c.d_model}}};
  for (int64_t layer = 0; layer < c.n_layers; ++layer) {
    const auto add = [&](const char* part, std::vector<int64_t> shape) {
      specs.push_back({fmt::format("model.layers.{}.{}.weight", layer, part), std::move(shape)});
    };
    add("input_layernorm", {c.d_model});
    add("self_attn.q_proj", {q_width, c.d_model});
    add("self_attn.k_proj", {kv_width, c.d_model});
    add("self_attn.v_proj", {kv_width, c.d_model});
    if (c.qkv_bias) {
      specs.push_back({fmt::format("model.layers.{}.self_attn.q_proj.bias", layer), {q_width}});
      specs.push_back({fmt::format("model.layers.{}.self_attn.k_proj.bias", layer), {kv_width}});
      specs.push_back({fmt::format("model.layers.{}.self_attn.v_proj.bias", layer), {kv_width}});
    }
    if (c.qk_norm) {
      add("self_attn.q_norm", {c.d_head});
      add("self_attn.k_norm", {c.d_head});
    }
    add("self_attn.o_proj", {c.d_model, q_width});
    add("post_attention_layernorm", {c.d_model});
    add("mlp.gate_proj", {c.d_mlp, c.d_model});
    add("mlp.up_proj", {c.d_mlp, c.d_model});
    add("mlp.down_proj", {c.d_model, c.d_mlp});
  }
  specs.push_back({"model.norm.weight", {c.d_model}});
  if (!c.tied) specs.push_back({"lm_head.weight", {c.vocab_size, c.d_model}});
  return specs;
}

int64_t parameter_count(const Config& config) {
  int64_t count = 0;
  for (const auto& spec : tensor_specs(config)) {
    int64_t numbers = 1;
    for (const int64_t size : spec.shape) numbers *= size;
    count += numbers;
  }
  return count;
}

}  // namespace sinkscope::model
