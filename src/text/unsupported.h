#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::text {

/// Throws InputError: `what` of this kind is not supported, and what would help.
[[noreturn]] void unsupported(const std::string& what, const nlohmann::json& value);

/// The `type` of a part of a tokenizer.json; "" where it has none.
std::string type_of(const nlohmann::json& part);

}  // namespace sinkscope::text
