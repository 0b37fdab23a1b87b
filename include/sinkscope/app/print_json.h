#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sinkscope::app {

/// One document on standard output. Throws std::runtime_error where not all of it could be written.
void print_json(const nlohmann::json&);
void print_json(const nlohmann::ordered_json&);

}  // namespace sinkscope::app
