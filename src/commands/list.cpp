#include "commands/command.h"

namespace sinkscope::commands {

// One file each; see there.
Command activations();
Command compare();
Command hooks();
Command info();
Command random_model();
Command tokenize();

std::vector<Command> all() {
  return {activations(), compare(), hooks(), info(), random_model(), tokenize()};
}

}  // namespace sinkscope::commands
