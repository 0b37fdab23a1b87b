#include "sinkscope/model/allocation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/folder.h"

namespace sinkscope::model {
namespace {

/// A machine of four CPUs and 8 GiB that are available, as /proc and /sys show it. Affinity is this machine's.
class Allocation : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("SLURM_CPUS_PER_TASK");
    unsetenv("SLURM_CPUS_ON_NODE");
    put("proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n\nprocessor\t: 2\n\nprocessor\t: 3\n");
    put("proc/meminfo", "MemTotal:       9000000 kB\nMemAvailable:    8388608 kB\n");
  }
  void put(const std::string& file, const std::string& text) {
    const auto path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  tests::Folder folder_{"allocation"};
  std::filesystem::path root_ = folder_ / "root";
};

TEST_F(Allocation, WithoutControlGroupsTheMachineDecides) {
  EXPECT_EQ(free_host_memory(root_).amount, int64_t{8} << 30);
  EXPECT_EQ(free_host_memory(root_).by, "machine");
  EXPECT_LE(usable_cpus(root_).amount, 4);
}

TEST_F(Allocation, AGroupOfVersion2LimitsWithAllAboveIt) {
  put("proc/self/cgroup", "0::/job/step\n");
  put("sys/fs/cgroup/job/step/memory.max", "max\n");
  put("sys/fs/cgroup/job/memory.max", "2147483648\n");
  put("sys/fs/cgroup/job/memory.current", "1073741824\n");
  put("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 536870912\nactive_file 7\n");
  put("sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/job/cpu.max", "50000 100000\n");
  EXPECT_EQ(free_host_memory(root_).amount, (int64_t{1} << 30) + (int64_t{1} << 29)) << "cached files are given back";
  EXPECT_EQ(free_host_memory(root_).by, "cgroup");
  EXPECT_EQ(usable_cpus(root_).amount, 1) << "half a CPU is one";
  EXPECT_EQ(usable_cpus(root_).by, "cgroup");
}

TEST_F(Allocation, OfVersion1EachControllerHasItsFolder) {
  put("proc/self/cgroup", "4:memory:/not/seen/here\n2:cpu,cpuacct:/\n0::/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  put("sys/fs/cgroup/memory/memory.usage_in_bytes", "73741824\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(free_host_memory(root_).amount, 1000000000);
  EXPECT_EQ(usable_cpus(root_).amount, 1);
}

TEST_F(Allocation, AnUnlimitedGroupLimitsNothing) {
  put("proc/self/cgroup", "4:memory:/\n2:cpu:/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(free_host_memory(root_).by, "machine");
  EXPECT_NE(usable_cpus(root_).by, "cgroup");
}

TEST_F(Allocation, AGroupOverItsLimitHasNothingLeft) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "1000\n");
  put("sys/fs/cgroup/memory.current", "5000\n");
  EXPECT_EQ(free_host_memory(root_).amount, 0);
}

TEST_F(Allocation, SlurmsTaskComesBeforeItsNode) {
  setenv("SLURM_CPUS_ON_NODE", "3", 1);
  setenv("SLURM_CPUS_PER_TASK", "1", 1);
  EXPECT_EQ(usable_cpus(root_).amount, 1);
  unsetenv("SLURM_CPUS_PER_TASK");
  unsetenv("SLURM_CPUS_ON_NODE");
}

}  // namespace
}  // namespace sinkscope::model
