#pragma once

#include <stdexcept>

namespace sinkscope::app {

/// Ctrl-C, SIGTERM or SIGUSR1 arrived: the run ends between two batches, writes no result, and the program gives
/// kInterruptedExit. A second signal of the kind ends it at once.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int kInterruptedExit = 75;

/// Installs the handlers.
void catch_signals();

/// Throws Interrupted where a signal has arrived.
void check_interrupt();

}  // namespace sinkscope::app
