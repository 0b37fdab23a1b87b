#pragma once

#include <string>
#include <string_view>

namespace sinkscope::text {

/// A text with every occurrence of a part, which may not be empty, replaced.
std::string replace_all(std::string_view text, std::string_view part, std::string_view by);

}  // namespace sinkscope::text
