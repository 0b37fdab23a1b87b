#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/trials/options.h"
#include "sinkscope/model/points.h"

namespace sinkscope::trials {

/// The first block part whose output at token 0 has at least 4 times the norm that it has at tokens 1 to 8.
struct Spike {
  model::Site site;                 ///< attn_out or mlp_out
  std::vector<int64_t> dimensions;  ///< the fewest that hold 90 % of the squared norm, largest first, at most 16
  int64_t holding = 0;              ///< how many that takes
  double norm = 0, others = 0;      ///< mean norms at token 0 and at tokens 1 to 8
};

/// What trials need to know of the unedited model, from a cold start.
struct Facts {
  std::vector<double> sink, ordinary;  ///< [L] mean attention to token 0, and to an ordinary token
  int64_t sink_layer = -1;             ///< -1: no sink
  std::optional<Spike> spike;          ///< none where no block before the sink layer writes one
  std::vector<double> written;         ///< [L] mean norm of the MLP's output at tokens 1 to 8
  bool has_sink() const { return sink_layer >= 0; }
};

inline constexpr double kOverOrdinary = 4;  ///< of the sink layer's rule
inline constexpr char kSinkLayerRule[] =
    "the first layer whose mean attention to token 0 is at least half of its largest over layers, and at least 4 times "
    "an ordinary token's (tokens 4 to 8)";
inline constexpr char kTrialSpikeRule[] =
    "the first attention or MLP output, before the sink layer's attention, whose norm at token 0 is at least 4 times "
    "its "
    "norm at tokens 1 to 8; its dimensions are the fewest that hold 90 % of the mean squared norm, at most 16 named";

/// One pass over all samples.
Facts find_facts(app::Run&, const Keys&, int64_t q_min);

nlohmann::json to_json(const Facts&);

}  // namespace sinkscope::trials
