#include "experiments/list.h"

// One line per experiment, in the order of --help: experiments/NAME/NAME.cpp defines commands::Command NAME().
// clang-format off
#define SINKSCOPE_EXPERIMENTS(experiment) \
  experiment(scan)                        \
  experiment(rope_swap)                   \
  experiment(vocab_sweep)                 \
  experiment(merge)                       \
  experiment(status)                      \
  experiment(first_token)                 \
  experiment(self_mask)                   \
  experiment(intervene)                   \
  experiment(zero_sweep)                  \
  experiment(path_split)                  \
  experiment(head_attribution)            \
  experiment(transplant)                  \
  experiment(stat_match)                  \
  experiment(mix_dose)                    \
  experiment(magc)                        \
  experiment(gate_readout)                \
  experiment(channel_trace)               \
  experiment(channel_patch)               \
  experiment(identify)                    \
  experiment(mlp_probe)
// clang-format on

namespace sinkscope::experiments {

#define SINKSCOPE_DECLARE(name) commands::Command name();
SINKSCOPE_EXPERIMENTS(SINKSCOPE_DECLARE)

std::vector<commands::Command> all() {
#define SINKSCOPE_CALL(name) name(),
  return {SINKSCOPE_EXPERIMENTS(SINKSCOPE_CALL)};
}

}  // namespace sinkscope::experiments
