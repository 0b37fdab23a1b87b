#pragma once

#include <string>
#include <vector>

#include "experiments/vocab_sweep/work.h"
#include "sinkscope/app/inputs.h"

namespace sinkscope::experiments::sweep {

/// For a dry run: units, tokens, FLOP, memory and time of this process's share, the hours of the whole sweep on so many
/// GPUs, and the line that submits it to Slurm. `config` and `out` are words of that line.
struct Submission {
  int64_t gpus = 8;
  std::string config, out;
};
void print_plan(const app::Inputs&, const std::vector<Share>&, const Plan&, const Submission&);

}  // namespace sinkscope::experiments::sweep
