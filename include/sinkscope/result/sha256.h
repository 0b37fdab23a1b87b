#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sinkscope::result {

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);

/// Of a file's bytes, of `-` those of standard input; throws InputError where it cannot be read.
std::string sha256_file(const std::filesystem::path& file);

}  // namespace sinkscope::result
