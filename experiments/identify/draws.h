#pragma once

#include <nlohmann/json.hpp>

#include "sinkscope/app/run.h"

namespace sinkscope::experiments::identification {

/// What a draw of samples found, short: {"seed", "samples", "window_shift", "stages": [{"first", "last", "layer",
/// "kind", "signal", "earlier": [{"stage", "needed"}]}]}.
nlohmann::json brief(const nlohmann::json& stages, const app::Run&);

/// How often each answer came: a row a stage of the first draw, then of those that no draw before had, by the stage of
/// each draw whose layers overlap its own most: [{"stage", "first", "last", "draws", "kinds": {kind: times}, "sites":
/// {site: times}, "needed": [{"stage", "answers": {answer: times}}]}]. "first" and "last" are layers of the draw that
/// had it first, "stage" its place in the first draw, null where that has none. A draw without such a stage counts as
/// "no sink", one whose earlier stage is not there or has no signal as "not asked".
nlohmann::json agreement(const nlohmann::json& draws);

}  // namespace sinkscope::experiments::identification
