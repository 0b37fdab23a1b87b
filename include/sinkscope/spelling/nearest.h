#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinkscope {

/// The candidate with the fewest single-character edits from `word`; "" where there is no candidate.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sinkscope
