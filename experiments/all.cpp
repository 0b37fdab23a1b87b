#include "command.h"

namespace sinkscope::experiments {

std::vector<Command> all() { return {}; }

}  // namespace sinkscope::experiments
