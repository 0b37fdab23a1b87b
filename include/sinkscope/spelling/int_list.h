#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope {

/// A whole number, all of `text`. Throws InputError that names `what`.
int64_t parse_int(std::string_view text, std::string_view what);

/// Comma list with inclusive ranges: "0,2,5-8" is 0 2 5 6 7 8. Throws InputError that names `what`.
std::vector<int64_t> parse_int_list(std::string_view text, std::string_view what);

/// The parts of `text` between `separator`s; none for an empty text.
std::vector<std::string> split(std::string_view text, char separator);

/// The shortest spelling of a list, ranges joined: 0 1 2 5 is "0-2,5".
std::string spell(const std::vector<int64_t>& sorted);

}  // namespace sinkscope
