#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/tensor_files.h"
#include "sinkscope/intervene/trial.h"

namespace sinkscope::intervene {

// Parts of parse_trials. `where` begins the messages of the InputErrors.

/// Keys of an object, each of which must be one of `known`.
void check_keys(const nlohmann::json& object, const std::string& where, const std::vector<std::string>& known);

std::string text_at(const nlohmann::json& object, const char* key, const std::string& where);

/// One number, or a list of them.
std::vector<double> numbers_of(const nlohmann::json& value, const std::string& where);

/// One edit a site: "blocks.*.hook_mlp_out" is an edit in every layer.
std::vector<Edit> read_edits(const nlohmann::json& object, const model::Config&, TensorFiles&,
                             const std::string& where);

}  // namespace sinkscope::intervene
