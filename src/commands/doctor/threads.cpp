// Threads that libtorch starts beside the CPUs that the process may use.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdlib>

#include "commands/doctor/finding.h"
#include "sinkscope/model/allocation.h"

namespace sinkscope::commands::checkup {
namespace {

/// " (OMP_NUM_THREADS=4)", of what is set.
std::string settings() {
  std::string set;
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"}) {
    if (const char* value = std::getenv(name)) set += fmt::format("{}{}={}", set.empty() ? " (" : ", ", name, value);
  }
  return set.empty() ? "" : set + ")";
}

}  // namespace

Findings look_at_threads() {
  const int64_t threads = at::get_num_threads();
  const auto cpus = model::usable_cpus();
  const auto of = cpus.by == "machine" ? "of this machine" : fmt::format("by {}", cpus.by);
  Finding finding{"threads", State::ok, fmt::format("{}{} on {} CPUs {}", threads, settings(), cpus.amount, of), ""};
  if (threads == cpus.amount) return {finding};
  finding.state = State::note;
  finding.mend = threads > cpus.amount
                     ? fmt::format("--threads {0}, or OMP_NUM_THREADS={0}: more threads than CPUs wait for each other",
                                   cpus.amount)
                     : fmt::format("--threads {}, where no other process needs the CPUs", cpus.amount);
  return {finding};
}

}  // namespace sinkscope::commands::checkup
