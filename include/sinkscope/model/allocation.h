#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sinkscope::model {

/// How much of a machine this process may use, and what says so: "affinity", "cgroup", "Slurm" or "machine".
struct Allowance {
  int64_t amount = 0;
  std::string by = "machine";
};

/// CPUs: the fewest that affinity, a cgroup's quota or Slurm's variables leave.
Allowance usable_cpus(const std::filesystem::path& root = "/");

/// Bytes that can still be taken: what the machine has available, or less where a cgroup's limit comes before it.
Allowance free_host_memory(const std::filesystem::path& root = "/");

}  // namespace sinkscope::model
