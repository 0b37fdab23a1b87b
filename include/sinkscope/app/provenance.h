#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "sinkscope/app/run_options.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/config.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::app {

/// Of the results that are written. 2: a trial has a role, and massive_activation, sink_baseline, selection_split and
/// signal are keys.
inline constexpr int kSchemaVersion = 2;

/// Throws InputError that names `file` where a result is of another schema version.
void check_schema_version(const nlohmann::json& result, const std::string& file);

/// Its type, its base, and the parameters that this type reads.
nlohmann::ordered_json describe_rope(const model::RopeConfig&);

/// The sections of a result that say what it was made from; experiments cannot forget them.
/// Reads the weights' files once for their hash: seconds for some gigabytes.
nlohmann::json describe_model(const model::Checkpoint&, const RunOptions&);
nlohmann::json describe_tokenizer(const text::Tokenizer&);
nlohmann::json describe_data(const text::Samples&, const RunOptions&);
nlohmann::json describe_build();

/// What changes a number among a result's sections: without places, times and which of several equal GPUs.
nlohmann::json identity_of(const nlohmann::json& result);

/// A word as a shell takes it; the program's words in one line.
std::string quoted(const std::string& word);
std::string command_line();

}  // namespace sinkscope::app
