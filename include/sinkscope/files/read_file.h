#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sinkscope::files {

/// Texts and tables that may be large, and still are no mistake for a disk.
inline constexpr int64_t kMaxText = int64_t{1} << 36;

/// A file's bytes, of a pipe, too; of `-` those of standard input, at every call. Throws InputError that names the file
/// where it cannot be read, holds more than `max_bytes`, or is a git-lfs pointer in place of the file.
std::string read_file(const std::filesystem::path& file, int64_t max_bytes = kMaxText);

}  // namespace sinkscope::files
