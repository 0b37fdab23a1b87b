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

/// The token that begins a sequence: there or not, put before a text by itself or only where asked to.
struct Bos {
  std::optional<int64_t> id;
  bool is_added = false;
};

/// A tokenizer's file, checked and turned into what encodes and decodes.
struct TokenizerParts {
  TokenTable tokens;
  AddedTokens added;  ///< matched on the raw text
  /// Appends the ids of a stretch between added tokens; `is_first`: the whole text begins with it.
  std::function<void(std::string_view text, bool is_first, std::vector<int64_t>& ids)> encode;
  std::function<std::string(const TokenTable&, const std::vector<int64_t>& ids)> decode;
  Bos bos;
  std::vector<std::filesystem::path> beside;  ///< what was read beside the tokenizer's own file
};

/// A tokenizer.json of byte-level BPE. Throws InputError that names the file and what in it is wrong or not supported.
TokenizerParts read_byte_level(const std::filesystem::path& tokenizer_json);

/// Whether a tokenizer.json is meant to be of that kind: its pre-tokenizer has a ByteLevel. True for what is not JSON.
bool is_byte_level(const std::filesystem::path& tokenizer_json);

/// A tokenizer.model, with what the Hugging Face files beside it say of added tokens and the prefix space.
TokenizerParts read_sentencepiece(const std::filesystem::path& tokenizer_model);

/// Whether a part of a tokenizer.json is an object of this `type`.
bool is_type(const nlohmann::json& value, const char* type);

/// A token id of a JSON file, in the range that ids may have.
int64_t read_id(const nlohmann::json& value, const std::string& token);

/// The BOS that a tokenizer.json's post-processor puts before a text: null, ByteLevel (which moves offsets only), a
/// template, or a sequence of those.
std::optional<int64_t> read_bos(const nlohmann::json& post_processor);

/// An entry of `added_tokens` or `added_tokens_decoder`.
AddedToken read_added_token(const nlohmann::json& value, const nlohmann::json& id);

[[noreturn]] void unsupported(const std::string& what, const nlohmann::json& value);

/// Bytes that form no character become U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace sinkscope::text
