#pragma once

#include <nlohmann/json.hpp>

#include "sinkscope/trials/runner.h"

namespace sinkscope::experiments::identification {

/// For `metrics`: which block outputs count, and what is said of each.
inline constexpr char kMassiveWritesMetric[] =
    "block outputs whose norm at token 0 is at least 4 times their mean norm at tokens 1 to 8, and that make the "
    "residual's norm "
    "there at least 1.5 times as large (writes) or as small (removes); norms are means over samples. later_tokens: the "
    "share of "
    "tokens after token 0 at which the output has at least half of its norm at token 0, and the commonest of their ids";

/// All of the model, in the order of the pass; one pass over all samples: [{"site", "does": "writes" or "removes",
/// "norm", "norm_at_others", "residual": {"before", "after"}, "later_tokens": {"share", "ids": [{"id", "count"}]}}].
nlohmann::json find_massive_writes(trials::Runner&);

}  // namespace sinkscope::experiments::identification
