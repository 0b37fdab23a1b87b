#pragma once

#include <algorithm>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/intervene/attention_condition.h"

namespace sinkscope::experiments {

/// The rows and layers of a self-only comparison; throws InputError where the specification does not fit the run.
struct ProbeMask {
  intervene::AttentionCondition change;
  std::vector<int64_t> tokens;
};
ProbeMask parse_probe_mask(const std::string& spec, const app::Run&);

inline constexpr int64_t kSelfOnlyLayers = 2;  ///< that are compared

/// What the comparison costs, in passes over all samples: the unchanged run and the changed one end after its layers.
inline double self_only_passes(const model::Config& config) {
  return 2.0 * static_cast<double>(std::min(kSelfOnlyLayers, config.n_layers)) / static_cast<double>(config.n_layers);
}

/// Every vector-valued hook point of layers 0 and 1 at these tokens, as they are and self-only, under the outlier rule
/// with tokens 1 to 8 of the unchanged run as the ordinary ones. The published finding is negative: no outliers.
nlohmann::json probe_self_only(app::Run&, const ProbeMask&, const std::string& spec);

}  // namespace sinkscope::experiments
