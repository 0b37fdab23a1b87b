#pragma once

#include <string>
#include <vector>

namespace sinkscope::experiments::sweep {

struct Watch {
  double every = 2;       ///< seconds between two looks, at least
  double patience = 300;  ///< seconds without a record after which processes are taken as lost
};

/// Shows how far the files are until all are done: redrawn in place on a terminal, otherwise a line a change. False
/// where they will not be: every process that is not done was stopped, or nothing came for too long; it then says so.
/// Throws Interrupted.
bool watch(const std::vector<std::string>& files, const Watch&);

}  // namespace sinkscope::experiments::sweep
