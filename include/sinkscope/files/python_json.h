#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace sinkscope::files {

/// JSON as Python's json module takes it, which writes most of the world's .jsonl: NaN, Infinity and -Infinity are
/// values, numbers have any size, and an escaped surrogate may stand alone. For a reader of strings: every number
/// comes out as 0, those three as null, and a lone surrogate as the character `surrogate` of four hexadecimal digits.
/// Nothing where Python would raise an error.
std::optional<nlohmann::json> parse_python_json(std::string_view text, std::string_view surrogate = "fffd");

}  // namespace sinkscope::files
