#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sinkscope/trials/options.h"

namespace sinkscope::trials {

/// Definitions for the `metrics` of a result that is made of trials.
nlohmann::json metrics(const Options&, const Keys&);

}  // namespace sinkscope::trials
