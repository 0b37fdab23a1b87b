#pragma once

#include <nlohmann/json.hpp>

#include "experiments/identify/later_tokens.h"
#include "experiments/identify/verdict.h"

namespace sinkscope::experiments::identification {

/// For `metrics`.
inline constexpr char kLaterSinksMetric[] =
    "tokens after the first, with at least 8 queries after them, that are sinks of the stage: they get at least 4 "
    "times the median of all such tokens in the stage's layer, and either at least half of what token 0 gets from "
    "the same queries (by_attention), or the residual that the layer reads there has a cosine above 0.9 with the "
    "same sample's token 0, as it has in more than four layers in a row (by_cosine counts all of these, sinks or "
    "not; Wong et al. 2025, arXiv 2512.22213). With --later-sinks the positions that it names. runs: first and last "
    "block after which the cosine is above 0.9. attention: mean over heads and the queries after the token, over "
    "each sample's sinks, token 0 from the same queries, and its other later tokens. carries: on the samples that "
    "test, at the signal's site (where none is certain, the first candidate that fails no condition) and at every "
    "later site where a set was found that makes a sink when written: share_of_way is how far the sinks' rows are "
    "from the ordinary level (0; of tokens 1 to 8 without the sinks among them) to token 0's (1) in the set's "
    "coordinates; edited is with these coordinates at their ordinary level at the sinks alone; needed is yes where "
    "that leaves at most a tenth of their attention above the other later tokens' and of at most 20 random moves of "
    "the same size few do (at most 5 %, or one of at least 8), no where the attention stays within the equivalence "
    "bound or does not fall, in part where it falls by more and more than a tenth is left, else open. same_signal: "
    "needed at the first of these sites. from: the "
    "first of these sites where it is needed";

/// Which later tokens are sinks of the stage that the runner reads, and whether they need what the verdict names:
/// {"tokens", "by_cosine", "by_attention", "by_both", "sinks", "ids": [{"id", "count"}], "runs": [{"first", "last",
/// "count"}], "attention": {"sinks", "first", "others"}, "carries": [{"site", "share_of_way", "attention": {"unedited",
/// "edited"}, "random": {"moves", "ended"}, "needed"}], "same_signal", "from", "not_asked"}. Counts are of tokens. The
/// last says why `carries` is empty; null where it is not.
nlohmann::json ask_later_sinks(trials::Runner&, size_t stage, const LaterTokens&, const std::vector<Evidence>&,
                               const Verdict&);

}  // namespace sinkscope::experiments::identification
