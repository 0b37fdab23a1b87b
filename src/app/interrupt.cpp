#include "interrupt.h"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace sinkscope::app {
namespace {

volatile std::sig_atomic_t arrived = 0;

void note(int signal) {
  arrived = signal;
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
}

void check_interrupt() {
  if (arrived != 0) throw Interrupted(fmt::format("stopped by signal {} ({})", arrived, strsignal(arrived)));
}

}  // namespace sinkscope::app
