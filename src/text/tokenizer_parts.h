#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/post_processors/post_processor.h"

namespace sinkscope::text {

/// Of a tokenizer's files; the largest published ones hold some tens of megabytes.
inline constexpr int64_t kMaxFile = int64_t{1} << 30;

/// The tokens by id; ids may have holes.
struct TokenTable {
  std::vector<std::string> bytes;
  std::vector<bool> has, special;

  bool holds(int64_t id) const { return id >= 0 && static_cast<size_t>(id) < has.size() && has[id]; }
  void put(int64_t id, std::string value, bool is_special);
};

/// A tokenizer's files, checked and turned into what encodes and decodes.
struct TokenizerParts {
  TokenTable tokens;
  std::function<void(std::string_view text, std::vector<int64_t>& ids)> encode;  ///< appends
  std::function<std::string(const std::vector<int64_t>& ids)> decode;
  std::optional<int64_t> bos, eos;            ///< the tokens that begin and end a sequence, put there unasked or not
  SpecialTokens special;                      ///< what is put around a text unasked
  std::vector<std::filesystem::path> beside;  ///< what was read beside the tokenizer's own file
};

/// A tokenizer.json with the files beside it, as transformers' AutoTokenizer reads them. Throws InputError that names
/// the file and what in it is wrong or not supported.
TokenizerParts read_tokenizer_json(const std::filesystem::path& tokenizer_json);

/// A vocab.json, with merges.txt and the other files beside it, likewise.
TokenizerParts read_vocab_json(const std::filesystem::path& vocab_json);

/// A tokenizer.model, with what the Hugging Face files beside it say of added tokens and the prefix space.
TokenizerParts read_sentencepiece(const std::filesystem::path& tokenizer_model);

/// A token id of a JSON file, in the range that ids may have.
int64_t read_id(const nlohmann::json& value, const std::string& token);

/// An entry of `added_tokens` or `added_tokens_decoder`. `normalized` where it is not said: `tokenizers` takes a token
/// that is not special for normalised.
AddedToken read_added_token(const nlohmann::json& value);

/// Bytes that form no character become U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

/// Runs `read` with the file's name before what it throws.
void naming(const std::filesystem::path& file, const std::function<void()>& read);

}  // namespace sinkscope::text
