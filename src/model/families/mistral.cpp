#include <nlohmann/json.hpp>

#include "model/families/decoder_fields.h"
#include "model/families/family.h"

namespace sinkscope::model {
namespace {

/// With the key `layer_types`, be it null, transformers takes the model for a Ministral: layers with the window and
/// without, a window that must be there, and a head_dim that must be, too.
Config read(const Fields& fields) {
  const bool is_ministral = fields.contains("layer_types");
  Config c = read_decoder(fields);
  c.d_head = is_ministral ? head_width(fields) : head_width_or_ratio(fields, c);
  c.ropes[0] = read_rope(fields, c);
  const bool slides = is_ministral || fields.has("sliding_window");
  c.layers = read_layers(fields, c, slides ? fields.integer("sliding_window", 1, 1 << 24) : 0, /*first=*/0);
  return c;
}

nlohmann::ordered_json own(const Config& c) {
  return {{"bos_token_id", 1},
          {"eos_token_id", 2},
          {"head_dim", c.d_head},
          {"sliding_window", c.layers[0].window > 0 ? nlohmann::ordered_json(c.layers[0].window) : nullptr}};
}

std::vector<NamedShape> shapes() {
  Config c;
  c.model_type = "mistral";
  c.vocab_size = 32000;
  c.d_model = 4096;
  c.n_layers = 32;
  c.n_heads = 32;
  c.n_kv_heads = 8;
  c.d_head = 128;
  c.d_mlp = 14336;
  c.max_positions = 32768;
  c.rms_norm_eps = 1e-5;
  c.dtype = "bfloat16";
  c.ropes[0].theta = 10000;
  c.layers[0].window = 4096;
  return {{"mistral-7b-v0.1", c}};
}

}  // namespace

Family mistral() {
  return {"mistral", "MistralForCausalLM", decoder_tensors, read, own, shapes};
}

}  // namespace sinkscope::model
