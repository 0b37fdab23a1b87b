#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace CLI {
class App;
}

namespace sinkscope::app {

/// Which part of a run's units this process computes.
struct Shard {
  int64_t index = 0, count = 1;
  bool operator==(const Shard&) const = default;
};

/// `--shard i/n` as given, `--shards n` alone.
struct ShardOptions {
  std::string shard;
  int64_t shards = 0;
};

void add_shard_options(CLI::App&, ShardOptions&);

/// `--shard i/n` says all, beside a `--shards` of a config file, too. `--shards n` alone takes i from the environment:
/// SLURM_ARRAY_TASK_ID, times the ranks of a task and with SLURM_PROCID where a task has several; SLURM_PROCID alone
/// without an array; otherwise RANK. n never comes from the environment: an array that is submitted again for one task
/// counts one. Throws InputError.
Shard choose_shard(const ShardOptions&);

/// `out` with every {shard} replaced by the index, as wide as the largest. Throws InputError where --shards lacks it in
/// --out, or --out has it without a shard.
std::string with_shard(std::string out, const ShardOptions&, Shard);

/// Units [first, last) of `units` that are the shard's; shards differ by one unit at most.
std::pair<int64_t, int64_t> range_of(Shard, int64_t units);

/// "3/8", and back: an InputError that names `source` where it is none.
std::string to_string(Shard);
Shard parse_shard(const std::string& text, const std::string& source);

/// This process's place on its node, which chooses its GPU: SLURM_LOCALID or LOCAL_RANK, otherwise 0.
int64_t local_rank();

}  // namespace sinkscope::app
