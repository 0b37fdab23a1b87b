#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {

/// What the files beside a tokenizer.json add to it.
struct JoinedTokens {
  std::vector<std::vector<AddedToken>> added;  ///< those of one call to the package at once: their ids depend on that
  std::optional<std::string> bos, eos;
};

/// What a tokenizer.json says, and what other files add to it.
TokenizerParts make_pipeline(const nlohmann::json& tokenizer, const JoinedTokens& joined);

}  // namespace sinkscope::text
