#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/trials/runner.h"

namespace sinkscope::trials {

/// Trials as a result holds them, with the interactions (A∪B) − A − B that they ask for.
nlohmann::json describe(Runner&, const std::vector<Measured>&);

}  // namespace sinkscope::trials
