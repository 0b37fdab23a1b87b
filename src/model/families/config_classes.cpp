#include "model/families/config_classes.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "model/strict_json.h"
#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

using nlohmann::json;

/// One key of some config classes: their model types, the JSON types that they take, and the value of an absent key.
struct ClassKey {
  std::string_view key;
  std::string_view classes;  ///< model types, or "all"
  std::string_view types;    ///< of is_of(); a float that is written as a whole number is none, as in Python
  json absent = nullptr;
};

/// Source: transformers 5.17, models/*/configuration_*.py, and configuration_utils.py for "all".
const std::vector<ClassKey>& class_keys() {
  static const std::vector<ClassKey> keys = {
      {"vocab_size", "llama mistral", "int", 32000},
      {"vocab_size", "qwen2 qwen3", "int", 151936},
      {"hidden_size", "llama mistral qwen2 qwen3", "int", 4096},
      {"intermediate_size", "llama", "int", 11008},
      {"intermediate_size", "mistral", "int", 14336},
      {"intermediate_size", "qwen2 qwen3", "int", 22016},
      {"num_hidden_layers", "llama mistral qwen2 qwen3", "int", 32},
      {"num_attention_heads", "llama mistral qwen2 qwen3", "int", 32},
      {"num_key_value_heads", "llama", "int null"},
      {"num_key_value_heads", "mistral", "int", 8},
      {"num_key_value_heads", "qwen2 qwen3", "int null", 32},
      {"head_dim", "llama mistral", "int null"},
      {"head_dim", "qwen3", "int", 128},
      {"hidden_act", "llama mistral qwen2 qwen3", "string", "silu"},
      {"max_position_embeddings", "llama", "int", 2048},
      {"max_position_embeddings", "mistral", "int", 131072},
      {"max_position_embeddings", "qwen2 qwen3", "int", 32768},
      {"initializer_range", "llama mistral qwen2 qwen3", "float", 0.02},
      {"rms_norm_eps", "llama mistral qwen2 qwen3", "float", 1e-6},
      {"use_cache", "llama mistral qwen2 qwen3", "bool", true},
      {"tie_word_embeddings", "llama mistral qwen2 qwen3", "bool", false},
      {"rope_parameters", "llama mistral qwen2 qwen3", "object null"},
      {"attention_bias", "llama qwen3", "bool", false},
      {"mlp_bias", "llama", "bool", false},
      {"attention_dropout", "llama", "int float null", 0.0},
      {"attention_dropout", "mistral qwen2 qwen3", "int float", 0.0},
      {"pretraining_tp", "llama", "int null", 1},
      {"use_sliding_window", "qwen2 qwen3", "bool", false},
      {"sliding_window", "mistral qwen2 qwen3", "int null", 4096},
      {"max_window_layers", "qwen2 qwen3", "int", 28},
      {"layer_types", "mistral qwen2 qwen3", "strings null"},
      {"pad_token_id", "llama mistral qwen2 qwen3", "int null"},
      {"bos_token_id", "llama mistral", "int null", 1},
      {"bos_token_id", "qwen2 qwen3", "int null"},
      {"eos_token_id", "llama mistral", "int ints null", 2},
      {"eos_token_id", "qwen2 qwen3", "int ints null"},
      {"transformers_version", "all", "string null"},
      {"architectures", "all", "strings null"},
      {"output_hidden_states", "all", "bool null", false},
      {"return_dict", "all", "bool null", true},
      {"chunk_size_feed_forward", "all", "int", 0},
      {"is_encoder_decoder", "all", "bool", false},
      {"id2label", "all", "object null"},
      {"label2id", "all", "object null"},
  };
  return keys;
}

/// Whether a word is one of a list in a string.
bool lists(std::string_view list, std::string_view word) {
  for (size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

template <typename Test>
bool is_list_of(const json& value, const Test& test) {
  return value.is_array() && std::all_of(value.begin(), value.end(), test);
}

bool is_of(const json& value, std::string_view types) {
  const auto is_int = [](const json& x) { return x.is_number_integer(); };
  return (lists(types, "int") && is_int(value)) || (lists(types, "float") && value.is_number_float()) ||
         (lists(types, "bool") && value.is_boolean()) || (lists(types, "string") && value.is_string()) ||
         (lists(types, "object") && value.is_object()) || (lists(types, "null") && value.is_null()) ||
         (lists(types, "ints") && is_list_of(value, is_int)) ||
         (lists(types, "strings") && is_list_of(value, [](const json& x) { return x.is_string(); }));
}

/// "int null" to "int or null".
std::string spelled_types(std::string_view types) {
  std::string words;
  for (const char c : types) words += c == ' ' ? " or " : std::string(1, c);
  return words;
}

}  // namespace

json as_class_reads(json config, const std::string& where) {
  const auto type = Fields(config, where).string("model_type");
  for (const auto& [key, classes, types, absent] : class_keys()) {
    if (classes != "all" && !lists(classes, type)) continue;
    const auto found = config.find(key);
    if (found == config.end()) {
      if (!absent.is_null()) config[std::string(key)] = absent;
    } else if (!is_of(*found, types)) {
      throw InputError(fmt::format("{}: '{}': expected {}, as transformers' class of '{}' does; found {}", where, key,
                                   spelled_types(types), type,
                                   found->dump(-1, ' ', true, json::error_handler_t::replace)));
    }
  }
  return config;
}

}  // namespace sinkscope::model
