#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/chain.h"

namespace sinkscope::experiments::identification {

/// Chooses, tests, and looks at what else is like the signal, for the stage of the sink that the runner reads. Its
/// signal, if one is found, joins `earlier`, whose signals are held against this stage.
nlohmann::json explain(trials::Runner&, int64_t token, size_t stage, std::vector<EarlierSignal>& earlier);

/// "stage 0: one channel. The first-token signal is ...": one sentence a stage.
std::string statement(const nlohmann::json& stages);

}  // namespace sinkscope::experiments::identification
