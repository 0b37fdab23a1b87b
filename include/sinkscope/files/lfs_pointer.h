#pragma once

#include <string_view>

namespace sinkscope::files {

/// Whether these first bytes of a file are those of a git-lfs pointer, which stands where a file was not fetched.
bool is_lfs_pointer(std::string_view first_bytes);

/// What to do about one, for an error that names the file.
inline constexpr std::string_view kLfsPointer =
    "a git-lfs pointer stands in its place: `git lfs pull` in its repository, or another download, fetches the file";

}  // namespace sinkscope::files
