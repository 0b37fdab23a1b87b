#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "experiments/vocab_sweep/plan.h"
#include "experiments/vocab_sweep/table.h"
#include "sinkscope/app/batches.h"
#include "sinkscope/app/session.h"
#include "sinkscope/measure/sink_score.h"

namespace sinkscope::experiments::sweep {

/// Which tokens' attention a pass measures at position P: P, and token 0 beside it where P > 0.
std::vector<measure::Tracked> tracked(const Plan&, const Pass&);

/// Computes units of a plan with a session's model on a run's samples. Where the memory runs out it halves the batch
/// and goes on.
class Measure {
 public:
  Measure(app::Session&, const app::Batches&, const Plan&);

  Table unit(const Pass&, int64_t number);

  /// The samples as they are: {"uniform", "baseline"}.
  nlohmann::json baseline();

 private:
  template <typename F>
  auto halving(const F& f);
  Table try_unit(const Pass&, int64_t number);

  app::Session& session_;
  const app::Batches& samples_;
  const Plan& plan_;
  int64_t batch_size_;
};

}  // namespace sinkscope::experiments::sweep
