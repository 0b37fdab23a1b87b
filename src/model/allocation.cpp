// Control groups of both versions: "0::/path" of version 2, "4:memory:/path" of version 1, whose folders lie by
// controller. A limit of a group holds for those in it, so all up to the root are read; inside a container the path may
// name what only the host sees, and then the root's own files hold.

#include "sinkscope/model/allocation.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>

namespace sinkscope::model {
namespace {

namespace fs = std::filesystem;

/// The first word of a file as a number; nothing for "max", and where there is none.
std::optional<int64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  int64_t number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

/// The number behind a word: "inactive_file 4096", "MemAvailable: 12 kB".
int64_t field_of(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    int64_t number = 0;
    if (words >> word >> number && word == name) return number;
  }
  return 0;
}

/// Folders of the process's group of this controller and of all above it.
std::vector<fs::path> groups(const fs::path& root, const std::string& controller) {
  const auto mount = root / "sys/fs/cgroup";
  std::vector<fs::path> folders;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_unified = controllers == ",,";
    if (!is_unified && controllers.find("," + controller + ",") == std::string::npos) continue;
    const auto base = is_unified ? mount : mount / controller;
    for (auto path = fs::path(line.substr(second + 1)).relative_path(); !path.empty(); path = path.parent_path())
      folders.push_back(base / path);
    folders.push_back(base);
  }
  return folders;
}

std::optional<double> quota_of(const fs::path& group) {
  std::ifstream in(group / "cpu.max");
  double quota = 0, period = 0;
  if (in >> quota >> period && period > 0) return quota / period;
  const auto old_quota = number_in(group / "cpu.cfs_quota_us"), old_period = number_in(group / "cpu.cfs_period_us");
  if (old_quota && old_period && *old_quota > 0 && *old_period > 0)
    return static_cast<double>(*old_quota) / static_cast<double>(*old_period);
  return std::nullopt;
}

/// Cached pages of files are given back when memory is wanted.
std::optional<int64_t> left_in(const fs::path& group) {
  for (const auto& [limit, used, cached] :
       {std::tuple{"memory.max", "memory.current", "inactive_file"},
        std::tuple{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}}) {
    const auto most = number_in(group / limit);
    if (most) return *most - number_in(group / used).value_or(0) + field_of(group / "memory.stat", cached);
  }
  return std::nullopt;
}

void lower(Allowance& allowance, std::optional<int64_t> amount, const char* by) {
  if (amount && *amount < allowance.amount) allowance = {std::max<int64_t>(0, *amount), by};
}

std::optional<int64_t> from_environment(const char* name) {
  const char* value = std::getenv(name);
  const int64_t number = value ? std::atoll(value) : 0;
  return number > 0 ? std::optional(number) : std::nullopt;
}

int64_t cpus_of_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : std::numeric_limits<int64_t>::max();
}

int64_t cpus_of_machine(const fs::path& root) {
  std::ifstream in(root / "proc/cpuinfo");
  int64_t count = 0;
  for (std::string line; std::getline(in, line);) count += line.starts_with("processor");
  return std::max<int64_t>(1, count);
}

}  // namespace

Allowance usable_cpus(const fs::path& root) {
  Allowance cpus{cpus_of_machine(root)};
  lower(cpus, cpus_of_affinity(), "affinity");
  for (const auto& group : groups(root, "cpu")) {
    if (const auto quota = quota_of(group)) lower(cpus, static_cast<int64_t>(std::ceil(*quota)), "cgroup");
  }
  const auto of_task = from_environment("SLURM_CPUS_PER_TASK");
  lower(cpus, of_task ? of_task : from_environment("SLURM_CPUS_ON_NODE"), "Slurm");
  return cpus;
}

Allowance free_host_memory(const fs::path& root) {
  Allowance memory{field_of(root / "proc/meminfo", "MemAvailable:") * 1024};
  for (const auto& group : groups(root, "memory")) lower(memory, left_in(group), "cgroup");
  return memory;
}

}  // namespace sinkscope::model
