#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace sinkscope::text {

/// The JSON files of a tokenizer's folder; an empty object where one is not there.
struct FolderFiles {
  nlohmann::json config, tokenizer_config, special_tokens_map, added_tokens;
  std::vector<std::filesystem::path> read;  ///< those that are there and decide about ids, config.json left out
};

/// Throws InputError for one that is not JSON, or not an object.
FolderFiles read_folder(const std::filesystem::path& folder);

}  // namespace sinkscope::text
