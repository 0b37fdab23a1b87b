#pragma once

#include <string>

namespace sinkscope::files {

/// The name that stands for standard input where a file is read whole, and for standard output where one is written.
inline constexpr char kStandardStream[] = "-";

/// All of it, read to its end at the first call. Throws InputError where it cannot be read.
const std::string& standard_input();

}  // namespace sinkscope::files
