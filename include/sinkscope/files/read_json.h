#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sinkscope::files {

inline constexpr int64_t kMaxJson = int64_t{1} << 32;

/// JSON text; throws InputError that starts with `where` and says from which byte on it is none.
nlohmann::json parse_json(std::string_view text, const std::string& where);

/// JSON that nobody vouches for: at most `max_depth` deep, no key twice in an object.
nlohmann::json parse_strict(std::string_view text, const std::string& where, int max_depth = 16);

/// The object in a JSON file. Throws InputError that names the file, what was expected ("a result of sinkscope") and
/// what was found.
nlohmann::json read_object(const std::filesystem::path& file, const std::string& expected,
                           int64_t max_bytes = kMaxJson);

}  // namespace sinkscope::files
