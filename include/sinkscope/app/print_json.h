#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sinkscope::app {

/// One document on standard output. Throws std::system_error where it cannot be written.
void print_json(const nlohmann::json&);
void print_json(const nlohmann::ordered_json&);

}  // namespace sinkscope::app
