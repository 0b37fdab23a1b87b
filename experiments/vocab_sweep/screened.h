#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/vocab_sweep/result.h"

namespace sinkscope::experiments::sweep {

/// From pilot and audit: the ids that have to be measured in full, too.
std::vector<int64_t> ids_to_refine(const Measured&);

/// Puts predictions where nothing was measured in full (NaN in `sweep.score`), corrects mean, spread and histogram by
/// the audit, and gives the result's `screen`: how good the predictions are. `full` ids were measured in full.
nlohmann::json apply_screen(const Measured&, size_t full, Scores& sweep);

/// What a reader must know of a screen: where it cost more than half of a full sweep.
std::vector<std::string> screen_warnings(const Measured&);

/// plan.ids at these indices.
std::vector<int64_t> ids_at(const Plan&, const std::vector<size_t>& indices);

}  // namespace sinkscope::experiments::sweep
