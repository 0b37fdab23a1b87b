#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/pre_tokenizers/pre_tokenizer.h"

namespace sinkscope::text {

struct HashText {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// Ids by token, as the file spells the tokens.
using Vocabulary = std::unordered_map<std::string, int64_t, HashText, std::equal_to<>>;

/// Turns a piece into ids.
class Model {
 public:
  virtual ~Model() = default;
  virtual void tokenize(std::string_view piece, std::vector<int64_t>& ids) const = 0;
};

/// The tokens of a tokenizer.json's model. Throws InputError for a kind that is not supported.
Vocabulary read_vocabulary(const nlohmann::json& model);

/// Its ids, for pieces that are spelled so.
std::unique_ptr<Model> read_model(const nlohmann::json& model, const Vocabulary& vocabulary, Spelling spelling);

/// Whether pieces of bytes can do for the symbols of ByteLevel: BPE without a prefix or suffix of its own.
bool takes_bytes(const nlohmann::json& model);

/// "BPE", "Unigram", ...; guessed as `tokenizers` does where an old file does not say.
std::string kind_of_model(const nlohmann::json& model);

namespace models {

std::unique_ptr<Model> bpe(const nlohmann::json& model, const Vocabulary& vocabulary, Spelling spelling);
std::unique_ptr<Model> unigram(const nlohmann::json& model, const Vocabulary& vocabulary);

/// The ids of <0x00> to <0xFF>; -1 for those that are no tokens.
std::vector<int64_t> byte_tokens(const Vocabulary& vocabulary);

}  // namespace models
}  // namespace sinkscope::text
