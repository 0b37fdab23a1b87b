#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sinkscope::model {

/// A config.json as transformers 5.17's class of its model_type takes it: keys that are absent get the class's value,
/// and a key of a type that the class refuses is an InputError, null included. Keys that no class declares stay as
/// they are, and so does a config whose class is not listed here.
nlohmann::json as_class_reads(nlohmann::json config, const std::string& where);

}  // namespace sinkscope::model
