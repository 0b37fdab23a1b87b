#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "added_tokens.h"
#include "bpe.h"
#include "split.h"

namespace sinkscope::text {

/// A tokenizer.json, checked and turned into the parts that encode.
struct TokenizerParts {
  std::vector<std::string> bytes;  ///< by id; empty where there is no token
  std::vector<bool> has, special;  ///< by id
  AddedTokens raw, normalized;     ///< matched on the raw text, and after normalising
  bool nfc = false;
  Split split;
  Bpe bpe;
};

/// Throws InputError that names the file and what in it is wrong or not supported.
TokenizerParts read_tokenizer(const std::filesystem::path& tokenizer_json);

}  // namespace sinkscope::text
