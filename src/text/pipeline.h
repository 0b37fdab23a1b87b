#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "text/added_tokens.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {

/// What a tokenizer.json says, and the tokens that other files add to it; those of one call to the package at once,
/// since their ids depend on that.
TokenizerParts make_pipeline(const nlohmann::json& tokenizer, const std::vector<std::vector<AddedToken>>& added);

}  // namespace sinkscope::text
