#pragma once

#include <nlohmann/json_fwd.hpp>

#include "options.h"

namespace sinkscope::experiments::trials {

/// Definitions for the `metrics` of a result that is made of trials.
nlohmann::json metrics(const Options&, const Keys&);

}  // namespace sinkscope::experiments::trials
