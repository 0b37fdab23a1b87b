#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiments/vocab_sweep/measure.h"
#include "experiments/vocab_sweep/plan.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::sweep {

/// Record of the baseline in a journal; units' keys are not negative.
inline constexpr int64_t kBaselineKey = -2;

/// The part of a pass that a shard computes.
struct Share {
  Pass pass;
  int64_t first = 0, last = 0;  ///< units
};
std::vector<Share> shares(const std::vector<Pass>&, app::Shard);

/// {"full": [first, last, of]}, for a journal's header.
nlohmann::json units_to_json(const std::vector<Share>&);

/// Tokens of the units that the journal lacks, with the baseline's.
int64_t tokens_missing(const std::vector<Share>&, const result::Journal&, const Plan&);

/// Computes what the journal lacks of a plan over these samples, each unit whole: a signal waits for the end of the
/// unit in flight.
void run_missing(const std::vector<Share>&, app::Session&, const app::Batches&, const Plan&, result::Journal&);

/// One for every pass with units that were computed in smaller batches than planned, because the memory ran out: their
/// last bits may differ.
std::vector<std::string> batch_warnings(const result::Journal&, const Plan&, int64_t batch_size);

/// A share's rows and the baseline, from the journal.
Table collect(const Share&, const result::Journal&);
nlohmann::json baseline_of(const result::Journal&);

}  // namespace sinkscope::experiments::sweep
