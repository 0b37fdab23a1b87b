#include <nlohmann/json.hpp>

#include "model/families/decoder_fields.h"
#include "model/families/family.h"

namespace sinkscope::model {
namespace {

/// Qwen2 and Qwen2.5: a bias on queries, keys and values, which the config does not say.
Config read(const Fields& fields) {
  refuse_true(fields, "use_mrope", "multimodal rotary");
  Config c = read_decoder(fields);
  c.d_head = fields.contains("head_dim") ? head_width(fields) : head_width_or_ratio(fields, c);  // null is refused
  c.ropes[0] = read_rope(fields, c);
  c.layers = read_qwen_layers(fields, c);
  c.qkv_bias = true;
  return c;
}

nlohmann::ordered_json own(const Config& c) {
  return {{"bos_token_id", 151643},
          {"eos_token_id", 151643},
          {"max_window_layers", c.n_layers},
          {"sliding_window", c.max_positions},
          {"use_mrope", false},
          {"use_sliding_window", false}};
}

std::vector<NamedShape> shapes() {
  Config c;
  c.model_type = "qwen2";
  c.vocab_size = 152064;
  c.d_model = 3584;
  c.n_layers = 28;
  c.n_heads = 28;
  c.n_kv_heads = 4;
  c.d_head = 128;
  c.d_mlp = 18944;
  c.max_positions = 131072;
  c.rms_norm_eps = 1e-6;
  c.dtype = "bfloat16";
  c.ropes[0].theta = 1e6;
  c.qkv_bias = true;
  Config small = c;
  small.vocab_size = 151936;
  small.d_model = 896;
  small.n_layers = 24;
  small.n_heads = 14;
  small.n_kv_heads = 2;
  small.d_head = 64;
  small.d_mlp = 4864;
  small.max_positions = 32768;
  small.tied = true;
  return {{"qwen2.5-0.5b", small}, {"qwen2.5-7b", c}};
}

}  // namespace

Family qwen2() {
  return {"qwen2", "Qwen2ForCausalLM", decoder_tensors, read, own, shapes};
}

}  // namespace sinkscope::model
