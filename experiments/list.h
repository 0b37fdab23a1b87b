#pragma once

#include <vector>

#include "commands/command.h"

namespace sinkscope::experiments {

/// Every experiment's command, in the order of --help. The list is written, not discovered (list.cpp).
std::vector<commands::Command> all();

}  // namespace sinkscope::experiments
