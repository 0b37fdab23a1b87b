#pragma once

#include <nlohmann/json.hpp>

#include "sinkscope/app/run.h"

namespace sinkscope::experiments::identification {

/// What a draw of samples found, short: {"seed", "samples", "window_shift", "stages": [{"first", "last", "layer",
/// "kind", "signal", "earlier": [{"stage", "needed"}]}]}.
nlohmann::json brief(const nlohmann::json& stages, const app::Run&);

/// How often each answer came: a row a stage of the first draw, whose layers a stage of another draw overlaps most:
/// [{"stage", "draws", "kinds": {kind: times}, "sites": {site: times}, "needed": [{"stage", "answers": {answer:
/// times}}]}]. A draw without such a stage counts as "no sink".
nlohmann::json agreement(const nlohmann::json& draws);

}  // namespace sinkscope::experiments::identification
