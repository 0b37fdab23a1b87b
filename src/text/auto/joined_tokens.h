#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "text/auto/folder_files.h"
#include "text/pipeline.h"

namespace sinkscope::text {

/// The tokens that the files of a folder add to a tokenizer, joined as transformers 5.17 does it.
/// `own`: the `added_tokens` of tokenizer.json. `is_rebuilt`: the class builds its own pipeline, so those are not in it
/// yet. `name` is the class.
JoinedTokens join_tokens(const FolderFiles& files, const nlohmann::json& own, bool is_rebuilt, const std::string& name);

}  // namespace sinkscope::text
