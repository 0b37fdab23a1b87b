#include "sinkscope/trials/metrics.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sinkscope::trials {

nlohmann::json metrics(const Options& o, const Keys& keys) {
  return {
      {"mean_attention",
       fmt::format("mean of the post-softmax attention A[l,h,q,k] over heads and queries q >= {} (an ordinary token: "
                   "q > its own position), of a sample; no self term; then over samples",
                   keys.first_queries(o.run.q_min)[0])},
      {"difference",
       "trial less unedited run, paired by sample; ci95: percentile bootstrap over documents, 2000 draws, seeded"},
      {"reading",
       fmt::format("'no effect': the interval lies within {} of the unedited sink; 'effect': it excludes 0 and the "
                   "mean is beyond that bound; otherwise 'undecided'",
                   o.equivalence)},
      {"is_ordinary",
       fmt::format(
           "'yes': attention less an ordinary token's in the same run lies within {} of the unedited sink, with "
           "its interval; 'no': the interval excludes 0 and the mean is beyond that bound; otherwise 'undecided'",
           o.equivalence)},
      {"massive_activation", "norm of its dimensions where they are written; which they are: sink_baseline"},
      {"loss", "next-token cross entropy, nats, mean over a sample's tokens"},
      {"random",
       "the edited rows moved as far in random directions (of an edit along a basis: in which natural rows vary, less "
       "the basis itself), or along random signs in as many other dimensions, lengths measured with the gain of the "
       "norm that reads them; p: share (1 + at least as large) / (1 + n)"},
      {"from_condition",
       "trial less the same attention conditions without its edits, where it has both; its controls are "
       "compared with those conditions too"},
      {"frozen",
       "norms up to the MLP of the block that writes the massive activation (where there is none, the sink layer's "
       "attention) divide by the unedited run's scale; null where none of them comes after the edit"},
      {"outside_natural_range",
       "share of written values outside the natural range of their coordinate: from the lowest 1 % to the highest 99 % "
       "point that it has at token 0, an edited token or a token that values come from; largest: the most samples that "
       "one coordinate has outside; flagged: more than 5 % of them"}};
}

}  // namespace sinkscope::trials
