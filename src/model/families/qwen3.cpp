#include <nlohmann/json.hpp>

#include "model/families/decoder_fields.h"
#include "model/families/family.h"

namespace sinkscope::model {
namespace {

Config read(const Fields& fields) {
  refuse_true(fields, "attention_bias", "a bias in all attention projections");
  Config c = read_decoder(fields);
  c.d_head = head_width(fields);
  c.ropes[0] = read_rope(fields, c);
  c.layers = read_qwen_layers(fields, c);
  c.qk_norm = true;
  return c;
}

nlohmann::ordered_json own(const Config& c) {
  return {{"attention_bias", false},    {"bos_token_id", 151643},          {"eos_token_id", 151645},
          {"head_dim", c.d_head},       {"max_window_layers", c.n_layers}, {"sliding_window", nullptr},
          {"use_sliding_window", false}};
}

/// Every dense Qwen3.
std::vector<NamedShape> shapes() {
  const auto shape = [](std::string name, int64_t d_model, int64_t n_layers, int64_t n_heads, int64_t d_mlp) {
    Config c;
    c.model_type = "qwen3";
    c.vocab_size = 151936;
    c.d_model = d_model;
    c.n_layers = n_layers;
    c.n_heads = n_heads;
    c.n_kv_heads = 8;
    c.d_head = 128;
    c.d_mlp = d_mlp;
    c.max_positions = 40960;
    c.rms_norm_eps = 1e-6;
    c.tied = d_model <= 2560;
    c.dtype = "bfloat16";
    c.ropes[0].theta = 1e6;
    c.qk_norm = true;
    return NamedShape{std::move(name), c};
  };
  return {shape("qwen3-0.6b", 1024, 28, 16, 3072), shape("qwen3-1.7b", 2048, 28, 16, 6144),
          shape("qwen3-4b", 2560, 36, 32, 9728),   shape("qwen3-8b", 4096, 36, 32, 12288),
          shape("qwen3-14b", 5120, 40, 40, 17408), shape("qwen3-32b", 5120, 64, 64, 25600)};
}

}  // namespace

Family qwen3() {
  return {"qwen3", "Qwen3ForCausalLM", decoder_tensors, read, own, shapes};
}

}  // namespace sinkscope::model
