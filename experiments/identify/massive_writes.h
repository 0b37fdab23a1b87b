#pragma once

#include <nlohmann/json.hpp>

#include "sinkscope/trials/runner.h"

namespace sinkscope::experiments::identification {

/// For `metrics`: which block outputs count, and what is said of each.
inline constexpr char kMassiveWritesMetric[] =
    "block outputs that make the residual massive at some tokens (writes) or end that (removes). Of token 0: their "
    "norm there is at least 4 times their mean norm at tokens 1 to 8 (or token 0 meets, in half of the samples, what "
    "is asked of a later token), and they make the residual's norm there at least 1.5 times as large or as small; "
    "norms are means over samples. later_tokens: the share of tokens after token 0 at which the output has at least "
    "half of its norm at token 0, and the commonest of their ids. Of later tokens, where the block does not do the "
    "same at token 0: the tokens at which the output's norm, and the residual's after it (removes: before it), are at "
    "least 4 times the median of tokens 1 to 8, and the residual changes by as much; norms are means over these tokens";

/// All of the model, in the order of the pass; one pass over all samples: [{"site", "does": "writes" or "removes",
/// "at": "token 0" or "later tokens", "norm", "norm_at_others", "residual": {"before", "after"}, "later_tokens":
/// {"share", "ids": [{"id", "count"}]}}].
nlohmann::json find_massive_writes(trials::Runner&);

}  // namespace sinkscope::experiments::identification
