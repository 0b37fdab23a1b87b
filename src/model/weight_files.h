#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sinkscope::model {

/// Where a folder keeps its weights.
struct WeightFiles {
  std::vector<std::filesystem::path> files;  ///< one, or those of the index by their first tensors' names
  std::string dtype;                         ///< of the index's metadata, where it says one
  std::vector<std::string> warnings;         ///< of files that lie beside them and do not count
};

/// As transformers looks for them: model.safetensors, else model.safetensors.index.json. Throws InputError that says
/// which shards are missing, or what the folder holds instead and what would help.
WeightFiles find_weight_files(const std::filesystem::path& dir);

/// ": it holds ..., ..." of a folder without weights that are read here; empty where it has them, or nothing known.
std::string what_it_holds(const std::filesystem::path& dir);

}  // namespace sinkscope::model
