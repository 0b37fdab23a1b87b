#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::result {

/// Whether a file that already exists may be replaced.
enum class Existing { refuse, replace };

/// Before the work: throws InputError where the result could not be written (the file is there, the folder is not or
/// cannot be written to).
void check_writable(const std::filesystem::path& file, Existing);

/// Writes through a temporary file in the same folder, flushed to the disk, and a rename; throws std::runtime_error
/// with the path and the system's reason. Nothing half-written is ever under the result's name.
void write_text(const std::filesystem::path& file, const std::string& text, Existing);
void write_json(const std::filesystem::path& file, const nlohmann::json&, Existing);

}  // namespace sinkscope::result
