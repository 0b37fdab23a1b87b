#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sinkscope::model {

/// How rotary frequencies are scaled, by Hugging Face's `rope_type`.
enum class RopeType { default_, linear, yarn, llama3 };

/// Rotary embedding's parameters; those after `factor` belong to YaRN or Llama 3 and mean nothing elsewhere.
struct RopeConfig {
  RopeType type = RopeType::default_;
  double theta = 0;
  double factor = 1;
  double beta_fast = 32;
  double beta_slow = 1;
  bool truncate = true;
  int64_t original_max_positions = 0;      ///< context before scaling
  std::optional<double> attention_factor;  ///< multiplies cos and sin; absent: derived from factor
  std::optional<double> mscale, mscale_all_dim;
  double low_freq_factor = 0, high_freq_factor = 0;  ///< Llama 3: the original context in wavelengths
};

/// What the MLP's gate goes through (activation.h).
enum class Activation { silu };

/// What may differ from layer to layer.
struct LayerConfig {
  int64_t window = 0;  ///< keys that a query sees, itself and those just before; 0: all before it
  size_t rope = 0;     ///< which of Config::ropes turns its queries and keys
};

/// A decoder's shape, read from `config.json` as transformers reads it, defaults included.
struct Config {
  std::string model_type;  ///< the family: "qwen3", "llama"
  int64_t vocab_size = 0;  ///< rows of the embedding; may exceed the tokenizer's ids
  int64_t d_model = 0;     ///< hidden_size
  int64_t n_layers = 0;
  int64_t n_heads = 0;        ///< query heads
  int64_t n_kv_heads = 0;     ///< key and value heads; divides n_heads
  int64_t d_head = 0;         ///< width of a head; Qwen3: not d_model / n_heads
  int64_t d_mlp = 0;          ///< intermediate_size
  int64_t max_positions = 0;  ///< max_position_embeddings; rotary positions lie below it
  double rms_norm_eps = 0;
  bool tied = false;  ///< logits use the embedding's weight
  std::string dtype;  ///< "bfloat16", "float32", "float16" or "float64": the config's, or else the weights' own

  // Where families differ in the equation.
  std::vector<RopeConfig> ropes = std::vector<RopeConfig>(1);  ///< one, or one a kind of layer
  std::vector<LayerConfig> layers =
      std::vector<LayerConfig>(1);  ///< in turn: one for all layers, a pattern that repeats, or one a layer
  bool qk_norm = false;             ///< an RMSNorm of every head's query and key before rotary
  bool qkv_bias = false;            ///< query, key and value projections add a bias
  Activation activation = Activation::silu;
  int64_t score_width = 0;     ///< scores are divided by its square root; 0: d_head
  double embedding_scale = 1;  ///< multiplies the token embedding

  const LayerConfig& layer(int64_t l) const { return layers[static_cast<size_t>(l) % layers.size()]; }
};

/// Throws InputError that names the file and key; refuses by name what the forward pass does not do
/// (mixture of experts, other biases, model types and activations).
Config read_config(const std::filesystem::path& config_json);

}  // namespace sinkscope::model
