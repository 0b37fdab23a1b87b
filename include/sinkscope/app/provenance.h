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

/// A model's shape and what differs between families, as results and `info` name it: from model_type to rope.
nlohmann::ordered_json describe_config(const model::Config&);

/// The sections of a result that say what it was made from; experiments cannot forget them.
/// Reads the weights' files once for their hash: seconds for some gigabytes.
nlohmann::json describe_model(const model::Checkpoint&, const RunOptions&);
nlohmann::json describe_tokenizer(const text::Tokenizer&);
nlohmann::json describe_data(const text::Samples&, const RunOptions&);
nlohmann::json describe_build();

/// What changes a number among a result's sections: without places, times and which of several equal GPUs.
nlohmann::json identity_of(const nlohmann::json& result);

}  // namespace sinkscope::app
