#include "model/families/tensor_table.h"

namespace sinkscope::model {
namespace {

bool qkv_bias(const Config& c) {
  return c.qkv_bias;
}

bool qk_norm(const Config& c) {
  return c.qk_norm;
}

bool untied(const Config& c) {
  return !c.tied;
}

}  // namespace

const std::vector<TensorRow>& decoder_tensors() {
  static const std::vector<TensorRow> table = {
      {Role::embed, "model.embed_tokens.weight", "V d"},
      {Role::ln1, "model.layers.{}.input_layernorm.weight", "d"},
      {Role::q, "model.layers.{}.self_attn.q_proj.weight", "Hh d"},
      {Role::k, "model.layers.{}.self_attn.k_proj.weight", "Kh d"},
      {Role::v, "model.layers.{}.self_attn.v_proj.weight", "Kh d"},
      {Role::q_bias, "model.layers.{}.self_attn.q_proj.bias", "Hh", qkv_bias},
      {Role::k_bias, "model.layers.{}.self_attn.k_proj.bias", "Kh", qkv_bias},
      {Role::v_bias, "model.layers.{}.self_attn.v_proj.bias", "Kh", qkv_bias},
      {Role::q_norm, "model.layers.{}.self_attn.q_norm.weight", "h", qk_norm},
      {Role::k_norm, "model.layers.{}.self_attn.k_norm.weight", "h", qk_norm},
      {Role::o, "model.layers.{}.self_attn.o_proj.weight", "d Hh"},
      {Role::ln2, "model.layers.{}.post_attention_layernorm.weight", "d"},
      {Role::gate, "model.layers.{}.mlp.gate_proj.weight", "m d"},
      {Role::up, "model.layers.{}.mlp.up_proj.weight", "m d"},
      {Role::down, "model.layers.{}.mlp.down_proj.weight", "d m"},
      {Role::ln_final, "model.norm.weight", "d"},
      {Role::unembed, "lm_head.weight", "V d", untied},
  };
  return table;
}

}  // namespace sinkscope::model
