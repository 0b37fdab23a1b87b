#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/measure/massive_activation.h"

namespace sinkscope::experiments {

/// What wrote it, and what it holds. `written`: statistics of that output, token 0 first.
nlohmann::json describe(const measure::MassiveActivation&, const measure::VectorStats& written);

/// The neurons of its MLP: energy, the strongest at token 0, their down-projection columns and contributions.
nlohmann::json probe_neurons(app::Run&, const measure::MassiveActivation&, const std::vector<int64_t>& tokens);

/// Cosine of the residual with its direction in the layers after it, before and after the norm's gain.
nlohmann::json probe_direction(app::Run&, const measure::MassiveActivation&, const measure::VectorStats& written,
                               const std::vector<int64_t>& tokens);

}  // namespace sinkscope::experiments
