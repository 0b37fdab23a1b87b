#pragma once

#include <string_view>
#include <vector>

namespace sinkscope {

/// Comma list of numbers: "-2,0.5,1e3"; none for an empty text. Throws InputError that names `what` for anything that
/// is not a finite number.
std::vector<double> parse_number_list(std::string_view text, std::string_view what);

}  // namespace sinkscope
