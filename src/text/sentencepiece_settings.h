#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {

inline constexpr std::string_view kSpace = "▁";  // what sentencepiece writes for a space

/// Which stretches of text between added tokens begin with a space that is not in the text.
enum class Prefix {
  by_model,  // as the tokenizer.model says, every stretch
  first      // the text's beginning, where it does not begin with a space
};

struct Settings {
  Prefix prefix = Prefix::by_model;
  std::vector<AddedToken> added;
  std::optional<int64_t> bos;  // none: the model's own
  bool adds_bos = false;
  std::vector<std::filesystem::path> files;  // that were read
};

/// What the files beside a tokenizer.model say, whose pieces these are: tokenizer_config.json, with added_tokens.json
/// for what it does not list. As in transformers 5, BOS is added where `add_bos_token` says so. Throws InputError with
/// the file's name.
using Pieces = std::vector<std::string>;
Settings read_settings(const std::filesystem::path& folder, const Pieces& pieces);

}  // namespace sinkscope::text
