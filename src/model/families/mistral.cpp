#include <nlohmann/json.hpp>

#include "decoder_fields.h"
#include "family.h"

namespace sinkscope::model {
namespace {

/// `sliding_window` must be written, as null where there is none: its absence means 4096 to transformers.
int64_t read_window(const Fields& fields) {
  if (fields.is_null("sliding_window")) return 0;
  return fields.integer("sliding_window", 1, 1 << 24);
}

Config read(const Fields& fields) {
  Config c = read_decoder(fields);
  c.d_head = head_width_or_ratio(fields, c);
  c.rope = read_rope(fields, c);
  c.sliding_window = read_window(fields);
  return c;
}

nlohmann::ordered_json own(const Config& c) {
  return {{"bos_token_id", 1},
          {"eos_token_id", 2},
          {"head_dim", c.d_head},
          {"sliding_window", c.sliding_window > 0 ? nlohmann::ordered_json(c.sliding_window) : nullptr}};
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
  c.rope.theta = 10000;
  c.sliding_window = 4096;
  return {{"mistral-7b-v0.1", c}};
}

}  // namespace

Family mistral() {
  return {"mistral", "MistralForCausalLM", read, own, shapes};
}

}  // namespace sinkscope::model
