#include "model/families/decoder_fields.h"

#include <fmt/format.h>

#include <utility>

#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

constexpr int64_t kLargest = 1 << 24;  // of any size in a config; products stay within int64

constexpr std::pair<Activation, const char*> kActivations[] = {{Activation::silu, "silu"}};

[[noreturn]] void refuse(const Fields& config, const std::string& key, const std::string& what) {
  throw InputError(fmt::format("{}: '{}': {} is not supported", config.where(), key, what));
}

void refuse_unsupported(const Fields& config) {
  if (config.has("layer_types")) {
    for (const auto& type : config.any("layer_types")) {
      if (type != "full_attention") refuse(config, "layer_types", fmt::format("layer type {}", type.dump()));
    }
  }
  refuse_true(config, "attention_bias", "a bias in all attention projections");
  for (const auto* key : {"num_experts", "num_local_experts", "moe_intermediate_size"}) {
    if (config.has(key)) refuse(config, key, "a mixture of experts");
  }
  if (config.has("quantization_config")) refuse(config, "quantization_config", "a quantized checkpoint");
  if (config.has("partial_rotary_factor") && config.number("partial_rotary_factor") != 1)
    refuse(config, "partial_rotary_factor", "partial rotary");
}

Activation read_activation(const Fields& config) {
  const auto name = config.string("hidden_act");
  for (const auto& [activation, spelling] : kActivations) {
    if (name == spelling) return activation;
  }
  refuse(config, "hidden_act", fmt::format("activation '{}'", name));
}

RopeType rope_type(const Fields& rope) {
  const std::string key = rope.has("rope_type") ? "rope_type" : "type";
  const auto name = rope.has(key) ? rope.string(key) : "default";
  if (name == "default") return RopeType::default_;
  if (name == "linear") return RopeType::linear;
  if (name == "yarn") return RopeType::yarn;
  if (name == "llama3") return RopeType::llama3;
  throw InputError(fmt::format("{}: '{}': rope type '{}' is not supported; default, linear, yarn and llama3 are",
                               rope.where(), key, name));
}

/// As transformers' modeling_rope_utils reads them: `factor` wins, and only its absence takes the ratio of contexts.
void read_yarn(const Fields& rope, const Config& config, RopeConfig& read) {
  read.original_max_positions = rope.integer("original_max_position_embeddings", 1, kLargest);
  read.factor = rope.has("factor")
                    ? rope.positive("factor")
                    : static_cast<double>(config.max_positions) / static_cast<double>(read.original_max_positions);
  if (rope.has("beta_fast") && rope.number("beta_fast") != 0) read.beta_fast = rope.positive("beta_fast");
  if (rope.has("beta_slow") && rope.number("beta_slow") != 0) read.beta_slow = rope.positive("beta_slow");
  if (rope.has("truncate")) read.truncate = rope.boolean("truncate");
  if (rope.has("attention_factor")) read.attention_factor = rope.positive("attention_factor");
  if (rope.has("mscale")) read.mscale = rope.number("mscale");
  if (rope.has("mscale_all_dim")) read.mscale_all_dim = rope.number("mscale_all_dim");
}

void read_llama3(const Fields& rope, RopeConfig& read) {
  read.factor = rope.positive("factor");
  read.low_freq_factor = rope.positive("low_freq_factor");
  read.high_freq_factor = rope.positive("high_freq_factor");
  read.original_max_positions = rope.integer("original_max_position_embeddings", 1, kLargest);
  if (read.high_freq_factor <= read.low_freq_factor) {
    rope.fail("high_freq_factor", fmt::format("more than low_freq_factor ({})", read.low_freq_factor));
  }
}

std::string read_dtype(const Fields& fields) {
  const std::string key = fields.has("dtype") ? "dtype" : "torch_dtype";
  if (!fields.has(key)) return "float32";  // as transformers takes it
  const auto dtype = fields.string(key);
  if (dtype != "float32" && dtype != "bfloat16" && dtype != "float16") fields.fail(key, "float32, bfloat16 or float16");
  return dtype;
}

int64_t even(const Fields& fields, const std::string& key, int64_t width) {
  if (width < 2 || width % 2 != 0) fields.fail(key, "an even head width (rotary turns pairs)");
  return width;
}

}  // namespace

std::string spelled(Activation activation) {
  return kActivations[static_cast<size_t>(activation)].second;
}

void refuse_true(const Fields& config, const std::string& key, const std::string& what) {
  if (config.has(key) && config.boolean(key)) refuse(config, key, what);
}

Config read_decoder(const Fields& fields) {
  refuse_unsupported(fields);
  Config c;
  c.model_type = fields.string("model_type");
  c.vocab_size = fields.integer("vocab_size", 1, kLargest);
  c.d_model = fields.integer("hidden_size", 1, kLargest);
  c.n_layers = fields.integer("num_hidden_layers", 1, 10'000);
  c.n_heads = fields.integer("num_attention_heads", 1, 10'000);
  c.n_kv_heads = fields.integer("num_key_value_heads", 1, 10'000);
  c.d_mlp = fields.integer("intermediate_size", 1, kLargest);
  c.max_positions = fields.integer("max_position_embeddings", 1, kLargest);
  c.rms_norm_eps = fields.positive("rms_norm_eps");
  c.tied = fields.has("tie_word_embeddings") && fields.boolean("tie_word_embeddings");
  c.dtype = read_dtype(fields);
  c.activation = read_activation(fields);
  if (c.n_heads % c.n_kv_heads != 0) {
    fields.fail("num_key_value_heads", fmt::format("a divisor of num_attention_heads ({})", c.n_heads));
  }
  return c;
}

RopeConfig read_rope(const Fields& fields, const Config& config, double default_theta) {
  RopeConfig rope;
  const std::string key = fields.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (fields.has("rope_theta")) {
    rope.theta = fields.positive("rope_theta");
  } else if (default_theta > 0 && !fields.has("rope_parameters")) {
    rope.theta = default_theta;
  } else {
    rope.theta = fields.object("rope_parameters").positive("rope_theta");
  }
  if (!fields.has(key)) return rope;
  const auto scaling = fields.object(key);
  if (scaling.has("rope_theta")) rope.theta = scaling.positive("rope_theta");
  if (scaling.has("partial_rotary_factor") && scaling.number("partial_rotary_factor") != 1) {
    scaling.fail("partial_rotary_factor", "1 (partial rotary is not supported)");
  }
  rope.type = rope_type(scaling);
  if (rope.type == RopeType::linear) rope.factor = scaling.positive("factor");
  if (rope.type == RopeType::yarn) read_yarn(scaling, config, rope);
  if (rope.type == RopeType::llama3) read_llama3(scaling, rope);
  return rope;
}

int64_t head_width(const Fields& fields) {
  return even(fields, "head_dim", fields.integer("head_dim", 2, 10'000));
}

int64_t head_width_or_ratio(const Fields& fields, const Config& config) {
  if (fields.has("head_dim")) return head_width(fields);
  if (config.d_model % config.n_heads != 0) {
    fields.fail("num_attention_heads", fmt::format("a divisor of hidden_size ({})", config.d_model));
  }
  return even(fields, "hidden_size", config.d_model / config.n_heads);
}

}  // namespace sinkscope::model
