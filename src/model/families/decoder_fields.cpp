#include "model/families/decoder_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sinkscope/error.h"
#include "sinkscope/model/dtype.h"

namespace sinkscope::model {
namespace {

constexpr int64_t kLargest = 1 << 24;  // of any size in a config; products stay within int64

/// The first spelling of an activation is the one that is written.
constexpr std::pair<Activation, const char*> kActivations[] = {{Activation::silu, "silu"}, {Activation::silu, "swish"}};

[[noreturn]] void refuse(const Fields& config, const std::string& key, const std::string& what) {
  throw InputError(fmt::format("{}: '{}': {} is not supported", config.where(), key, what));
}

void refuse_unsupported(const Fields& config) {
  for (const auto* key : {"num_experts", "num_local_experts", "moe_intermediate_size"}) {
    if (config.has(key)) refuse(config, key, "a mixture of experts");
  }
  for (const auto* key : {"quantization_config", "compression_config"}) {
    if (config.has(key)) refuse(config, key, "a quantized checkpoint (dequantize it with transformers and save it)");
  }
  for (const auto* key : {"per_layer_config", "fusion_config", "configuration_files"}) {
    if (config.has(key) && config.any(key) != nlohmann::json::object())
      refuse(config, key, "a model that this key changes");
  }
  if (config.has("transformers_weights"))
    refuse(config, "transformers_weights", "a file of weights by this key (name the file model.safetensors)");
}

Activation read_activation(const Fields& config) {
  const auto name = config.string("hidden_act");
  for (const auto& [activation, spelling] : kActivations) {
    if (name == spelling) return activation;
  }
  refuse(config, "hidden_act", fmt::format("activation '{}'", name));
}

/// Empty where the config has none: the weights' own decides.
std::string read_dtype(const Fields& fields) {
  const std::string key = fields.has("dtype") ? "dtype" : "torch_dtype";
  if (!fields.has(key)) return "";
  return checkpoint_dtype(fields.string(key), fmt::format("{}: '{}'", fields.where(), key));
}

int64_t even(const Fields& fields, const std::string& key, int64_t width) {
  if (width < 2 || width % 2 != 0)
    fields.fail(key, fmt::format("an even width of heads (rotary turns pairs), not {}", width));
  return width;
}

}  // namespace

std::string spelled(Activation activation) {
  return std::find_if(std::begin(kActivations), std::end(kActivations),
                      [&](const auto& known) { return known.first == activation; })
      ->second;
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
  c.n_kv_heads = fields.has("num_key_value_heads") ? fields.integer("num_key_value_heads", 1, 10'000) : c.n_heads;
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

std::vector<LayerConfig> read_layers(const Fields& fields, const Config& config, int64_t window, int64_t first) {
  std::vector<LayerConfig> layers(static_cast<size_t>(config.n_layers));
  if (!fields.has("layer_types")) {
    for (int64_t l = std::max<int64_t>(first, 0); l < config.n_layers; ++l) layers[l].window = window;
  } else {
    const auto& types = fields.any("layer_types");
    if (!types.is_array() || types.size() != layers.size())
      fields.fail("layer_types", fmt::format("a list of num_hidden_layers ({})", config.n_layers));
    for (size_t l = 0; l < layers.size(); ++l) {
      if (types[l] == "full_attention") continue;
      if (types[l] != "sliding_attention") refuse(fields, "layer_types", fmt::format("layer type {}", types[l].dump()));
      if (window == 0) refuse(fields, "layer_types", "sliding_attention without a sliding window");
      layers[l].window = window;
    }
  }
  const bool alike = std::all_of(layers.begin(), layers.end(),
                                 [&](const LayerConfig& layer) { return layer.window == layers[0].window; });
  if (alike) layers.resize(1);
  return layers;
}

std::vector<LayerConfig> read_qwen_layers(const Fields& fields, const Config& config) {
  const bool slides = fields.boolean("use_sliding_window") && fields.has("sliding_window");
  const int64_t window = slides ? fields.integer("sliding_window", 1, kLargest) : 0;
  return read_layers(fields, config, window, fields.integer("max_window_layers", -kLargest, kLargest));
}

int64_t head_width(const Fields& fields) {
  return even(fields, "head_dim", fields.integer("head_dim", 2, 10'000));
}

int64_t head_width_or_ratio(const Fields& fields, const Config& config) {
  if (fields.has("head_dim")) return head_width(fields);
  return even(fields, "hidden_size", config.d_model / config.n_heads);
}

}  // namespace sinkscope::model
