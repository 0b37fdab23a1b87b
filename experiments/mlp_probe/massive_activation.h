#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/measure/vector_stats.h"

namespace sinkscope::experiments {

/// The MLP that writes the massive activation at token 0, and the dimensions it writes it into, largest first.
struct Spike {
  int64_t layer;
  std::vector<int64_t> dimensions;
};

inline constexpr char kSpikeRule[] =
    "dimensions of mlp_out at token 0 with |mean x| >= 50 x the global mean |x| and >= 5 x the mean |x| at the other "
    "tracked tokens; of the layers with any, the one whose largest is largest";

/// `mlp_out`: statistics of every layer's MLP output, token 0 first.
std::optional<Spike> find_spike(const std::vector<measure::VectorStats>& mlp_out);

nlohmann::json describe_spike(const Spike&, const std::vector<measure::VectorStats>& mlp_out);

/// The neurons of the spike's MLP: energy, the strongest at token 0, their down-projection columns and contributions.
nlohmann::json probe_neurons(app::Run&, const Spike&, const std::vector<int64_t>& tokens);

/// Cosine of the residual with the spike direction in the layers after it, before and after the norm's gain.
nlohmann::json probe_direction(app::Run&, const Spike&, const std::vector<measure::VectorStats>& mlp_out,
                               const std::vector<int64_t>& tokens);

}  // namespace sinkscope::experiments
