#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/measure/massive_activation.h"
#include "sinkscope/trials/options.h"

namespace sinkscope::trials {

/// What trials need to know of the unedited model, from a cold start.
struct SinkBaseline {
  std::vector<double> sink = {}, ordinary = {};  ///< [L] mean attention to token 0, and to an ordinary token
  int64_t sink_layer = -1;                       ///< -1: no sink
  std::optional<measure::MassiveActivation> massive_activation = {};
  std::vector<double> written = {};  ///< [L] mean norm of the MLP's output at tokens 1 to 8
  bool has_sink() const { return sink_layer >= 0; }
};

inline constexpr double kOverOrdinary = 4;  ///< of the sink layer's rule
inline constexpr char kSinkLayerRule[] =
    "the first layer whose mean attention to token 0 is at least half of its largest over layers, and at least 4 times "
    "an ordinary token's (tokens 4 to 8)";

/// One pass over the first `batches` batches.
SinkBaseline find_sink_baseline(app::Run&, const Keys&, int64_t q_min, size_t batches);

nlohmann::json to_json(const SinkBaseline&);

}  // namespace sinkscope::trials
