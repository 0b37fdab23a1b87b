#pragma once

#include <nlohmann/json.hpp>

#include "sinkscope/trials/search/alone.h"

namespace sinkscope::experiments::identification {

using namespace trials::search;

/// The block outputs that the sink needs at token 0: each replaced there by its mean at the later token. [{"site",
/// "levels", "ends_sink"}], in the order of the pass, of the half that chooses.
nlohmann::json find_blocks(trials::Runner&, const Alone&);

}  // namespace sinkscope::experiments::identification
