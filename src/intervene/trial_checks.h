#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sinkscope/model/points.h"

namespace sinkscope::intervene {

/// Throws InputError that says `where` and names the first of the numbers that is not in [0, size).
void check_range(const std::vector<int64_t>& numbers, int64_t size, const char* what, const std::string& where);

/// Numbers of a token's row at a site, heads taken flat.
int64_t width_at(const model::Site&, const model::Config&);

}  // namespace sinkscope::intervene
