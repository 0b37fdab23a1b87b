#pragma once

#include <stdexcept>

namespace sinkscope::app {

/// Ctrl-C, SIGTERM or SIGUSR1 arrived: the run ends between two batches, writes no result, and the program gives
/// kInterruptedExit. A second signal of the kind ends it at once.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int kInterruptedExit = 75;

/// To be called before any other thread begins. The signals are blocked everywhere and waited for in a thread of their
/// own: oneDNN's float32 kernels point the stack pointer at heap memory, where a handler's frame would overwrite what
/// lies below (seen as "corrupted size vs. prev_size").
void catch_signals();

/// Throws Interrupted where a signal has arrived.
void check_interrupt();

}  // namespace sinkscope::app
