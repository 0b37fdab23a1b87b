#include "sinkscope/app/interrupt.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

namespace sinkscope::app {
namespace {

std::atomic<int> arrived = 0;

/// Ends the process by the signal itself, as if nobody had caught it.
[[noreturn]] void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::raise(signal);
  std::quick_exit(128 + signal);
}

}  // namespace

void catch_signals() {
  static sigset_t caught;
  sigemptyset(&caught);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&caught, signal);
  pthread_sigmask(SIG_BLOCK, &caught, nullptr);
  std::thread([] {
    for (int signal = 0; sigwait(&caught, &signal) == 0;) {
      if (arrived.exchange(signal) == signal) end_by(signal);
    }
  }).detach();
}

void check_interrupt() {
  if (const int signal = arrived; signal != 0) {
    throw Interrupted(fmt::format("stopped by signal {} ({})", signal, strsignal(signal)));
  }
}

}  // namespace sinkscope::app
