#include "command.h"

namespace sinkscope::experiments {

// One file each; see there.
Command scan();
Command rope_swap();
Command vocab_sweep();
Command first_token();
Command intervene();
Command zero_sweep();
Command path_split();
Command head_attribution();
Command transplant();
Command stat_match();
Command mix_dose();
Command gate_readout();
Command magc();
Command channel_trace();
Command channel_patch();
Command identify();
Command self_mask();
Command mlp_probe();
Command activations();
Command compare();
Command hooks();
Command info();
Command merge();
Command random_model();
Command status();
Command tokenize();

std::vector<Command> all() {
  return {
      scan(),      rope_swap(),    vocab_sweep(),   first_token(),      merge(),      status(),     self_mask(),
      intervene(), zero_sweep(),   path_split(),    head_attribution(), transplant(), stat_match(), mix_dose(),
      magc(),      gate_readout(), channel_trace(), channel_patch(),    identify(),   mlp_probe(),  activations(),
      compare(),   hooks(),        info(),          random_model(),     tokenize(),
  };
}

}  // namespace sinkscope::experiments
