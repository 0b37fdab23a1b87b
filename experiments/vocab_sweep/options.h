#pragma once

#include <cstdint>
#include <string>

#include "experiments/vocab_sweep/plan.h"
#include "sinkscope/app/inputs.h"
#include "sinkscope/app/run_options.h"
#include "sinkscope/app/shard.h"

namespace CLI {
class App;
}

namespace sinkscope::experiments::sweep {

struct Options {
  app::RunOptions run;
  app::ShardOptions shard;
  std::string ids = "all", ids_per_unit = "auto", strategy = "all", refine, per_head = "none";
  int64_t at = 0, pilot_samples = 0, pilot_length = 0, audit = 0, top = 100, gpus = 8;
  double outlier_z = 4;
  bool unused_rows = false;

  /// One process's share, for merge, in place of the whole.
  bool is_part() const { return !shard.shard.empty() || shard.shards > 0 || !refine.empty(); }
};

void add_options(CLI::App&, Options&);

/// What the options ask for of these samples; an InputError where it cannot be.
Plan make_plan(const Options&, const app::Inputs&);

}  // namespace sinkscope::experiments::sweep
