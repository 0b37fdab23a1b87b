#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::result {

/// Of the results that this program writes, and the only one that it reads.
inline constexpr int kSchemaVersion = 2;

/// A result that a command wrote, checked to be of kSchemaVersion. Throws InputError that names the file, and
/// `expected` where it is no result at all.
nlohmann::json read_result(const std::filesystem::path& file, const std::string& expected = "a result of sinkscope");

}  // namespace sinkscope::result
