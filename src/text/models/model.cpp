#include "text/models/model.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/tokenizer_parts.h"
#include "text/unsupported.h"

namespace sinkscope::text {

using nlohmann::json;

namespace {

Vocabulary read_scored(const json& pieces) {
  Vocabulary vocabulary;
  for (size_t id = 0; id < pieces.size(); ++id)
    vocabulary[pieces[id].at(0).get<std::string>()] = static_cast<int64_t>(id);
  return vocabulary;
}

Vocabulary read_numbered(const json& tokens) {
  Vocabulary vocabulary;
  std::unordered_map<int64_t, std::string> token_of;
  for (const auto& [token, value] : tokens.items()) {
    const int64_t id = read_id(value, token);
    if (!token_of.emplace(id, token).second) throw InputError(fmt::format("two tokens have the id {}", id));
    vocabulary[token] = id;
  }
  return vocabulary;
}

}  // namespace

std::string kind_of_model(const json& model) {
  if (const auto type = type_of(model); !type.empty()) return type;
  if (model.contains("merges")) return "BPE";
  if (model.contains("continuing_subword_prefix")) return "WordPiece";
  return model.contains("vocab") && model["vocab"].is_array() ? "Unigram" : "WordLevel";
}

Vocabulary read_vocabulary(const json& model) {
  const auto kind = kind_of_model(model);
  if (kind == "BPE") return read_numbered(model.at("vocab"));
  if (kind == "Unigram") return read_scored(model.at("vocab"));
  unsupported("model", kind);
}

std::unique_ptr<Model> read_model(const json& model, const Vocabulary& vocabulary, Spelling spelling) {
  if (kind_of_model(model) == "Unigram") return models::unigram(model, vocabulary);
  return models::bpe(model, vocabulary, spelling);
}

bool takes_bytes(const json& model) {
  const auto is_empty = [&](const char* key) {
    const auto value = model.value(key, json());
    return value.is_null() || value == "";
  };
  return kind_of_model(model) == "BPE" && is_empty("continuing_subword_prefix") && is_empty("end_of_word_suffix");
}

namespace models {

std::vector<int64_t> byte_tokens(const Vocabulary& vocabulary) {
  std::vector<int64_t> ids(256, -1);
  for (size_t byte = 0; byte < 256; ++byte) {
    if (const auto found = vocabulary.find(fmt::format("<0x{:02X}>", byte)); found != vocabulary.end())
      ids[byte] = found->second;
  }
  return ids;
}

}  // namespace models
}  // namespace sinkscope::text
