#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/composition.h"
#include "experiments/identify/earlier.h"
#include "experiments/identify/later_tokens.h"
#include "experiments/identify/signal_file.h"

namespace sinkscope::experiments::identification {

/// What stages leave for those after them, and for the file beside the result.
struct Found {
  std::vector<EarlierSignal> earlier = {};   ///< the signals of stages that have one
  std::vector<PortableSignal> signals = {};  ///< every candidate's sets
  std::vector<Composition> made_of = {};     ///< by stage
};

/// Chooses, tests, and looks at what else is like the signal, for the stage of the sink that the runner reads. What is
/// found joins `found`, whose earlier signals are held against this stage.
nlohmann::json explain(trials::Runner&, int64_t token, size_t stage, Found& found, const LaterTokens&);

/// The answer alone: "first", "last", "layer", "verdict" and "earlier" as explain() gives them, but that no candidate
/// after the signal is looked for. Its signal joins `earlier`, which is held against this stage.
nlohmann::json answer(trials::Runner&, int64_t token, size_t stage, std::vector<EarlierSignal>& earlier);

/// "stage 0: one channel. The first-token signal is ...": one sentence a stage.
std::string statement(const nlohmann::json& stages);

}  // namespace sinkscope::experiments::identification
