#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "text/normalizers/normalizer.h"

namespace sinkscope::text {

/// A NormalizedString in someone else's memory: a stretch that the model may get.
struct Piece {
  std::string_view text;
  bool is_first = false;
  size_t origin = 0;
};

using PieceSink = std::function<void(const Piece&)>;

/// Splits a piece that is not empty, and may change what it gives on.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void pre_tokenize(const Piece& piece, const PieceSink& sink) const = 0;
};

/// What the model's pieces are spelled in: characters, or bytes where the last part is a ByteLevel, whose symbols need
/// not be written out then.
enum class Spelling { characters, bytes };

/// The pre-tokenizer of a tokenizer.json; null where it has none, or none that does anything. With Spelling::bytes, its
/// last part, a ByteLevel, splits but leaves the bytes as they are. Throws InputError for a kind that is not supported.
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const nlohmann::json& part, Spelling spelling);

/// Whether the last part is a ByteLevel.
bool ends_in_byte_level(const nlohmann::json& pre_tokenizer);

/// One for each kind, each in a file of its name.
namespace pre_tokenizers {

std::unique_ptr<PreTokenizer> bert(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> byte_level(const nlohmann::json& part, Spelling spelling);
std::unique_ptr<PreTokenizer> delimiter(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> digits(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> fixed_length(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> metaspace(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> punctuation(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> sequence(const nlohmann::json& part, Spelling spelling);
std::unique_ptr<PreTokenizer> split(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> whitespace(const nlohmann::json& part);
std::unique_ptr<PreTokenizer> whitespace_split(const nlohmann::json& part);

}  // namespace pre_tokenizers
}  // namespace sinkscope::text
