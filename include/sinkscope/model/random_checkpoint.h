#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// The published shape of a model by its short name ("qwen3-8b"); throws InputError that lists the known names.
Config known_shape(const std::string& name);
std::vector<std::string> known_shapes();

/// Writes config.json, shards of at most `shard_bytes` and their index with the true tensor names and shapes:
/// matrices from N(0, 0.02²), norms one, biases zero (transformers' initializer), each tensor seeded by (seed, name),
/// in config.dtype. A model that fits one shard is a single model.safetensors. Throws InputError if `dir` exists.
void write_random_checkpoint(const Config& config, uint64_t seed, const std::filesystem::path& dir,
                             int64_t shard_bytes = 5'000'000'000);

}  // namespace sinkscope::model
