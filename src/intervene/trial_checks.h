#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinkscope::intervene {

/// Throws InputError that says `where` and names the first of the numbers that is not in [0, size).
void check_range(const std::vector<int64_t>& numbers, int64_t size, const char* what, const std::string& where);

}  // namespace sinkscope::intervene
