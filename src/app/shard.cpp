#include "sinkscope/app/shard.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <optional>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::app {
namespace {

std::optional<int64_t> from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return parse_int(value, name);
}

int64_t index_from_environment(int64_t count) {
  const auto task = from_environment("SLURM_ARRAY_TASK_ID"), rank = from_environment("SLURM_PROCID");
  const int64_t ranks = from_environment("SLURM_NTASKS").value_or(1);
  if (ranks > 1 && !rank && task) {
    throw InputError(
        "--shards: SLURM_NTASKS names several ranks and SLURM_PROCID is not set: start the program with srun");
  }
  if (task) return ranks > 1 ? *task * ranks + *rank : *task;
  if (rank && ranks > 1) return *rank;
  if (const auto any = from_environment("RANK")) return *any;
  throw InputError(
      fmt::format("--shards {}: expected the shard's number in SLURM_ARRAY_TASK_ID, SLURM_PROCID (of several tasks) or "
                  "RANK; none is set. --shard i/{} sets it by hand",
                  count, count));
}

Shard checked(Shard shard, const std::string& source) {
  if (shard.count < 1 || shard.index < 0 || shard.index >= shard.count) {
    throw InputError(fmt::format("{}: shard {} of {}; expected 0 to {}", source, shard.index, shard.count,
                                 std::max<int64_t>(shard.count, 1) - 1));
  }
  return shard;
}

}  // namespace

void add_shard_options(CLI::App& app, ShardOptions& o) {
  app.add_option("--shard", o.shard, "i/n: compute part i of n, counted from 0; `merge` joins the parts")
      ->group("Shards");
  app.add_option("--shards", o.shards,
                 "n: the same with i from SLURM_ARRAY_TASK_ID or RANK; --out then contains {shard}")
      ->check(CLI::Range(1, 1 << 20))
      ->group("Shards");
}

Shard choose_shard(const ShardOptions& o) {
  if (!o.shard.empty()) return parse_shard(o.shard, "--shard");
  if (o.shards == 0) return {};
  return checked({index_from_environment(o.shards), o.shards}, fmt::format("--shards {}", o.shards));
}

std::string with_shard(std::string out, const ShardOptions& o, Shard shard) {
  constexpr std::string_view kPlace = "{shard}";
  const bool has_place = out.find(kPlace) != std::string::npos;
  if (o.shards > 0 && !has_place && !out.empty()) {
    throw InputError(fmt::format("--out {}: with --shards it must contain {}, or all shards would write the same file",
                                 out, kPlace));
  }
  if (has_place && o.shards == 0 && o.shard.empty()) {
    throw InputError(fmt::format("--out {}: has {}, but neither --shards nor --shard is given", out, kPlace));
  }
  const size_t width = std::to_string(shard.count - 1).size();
  const auto number = fmt::format("{:0{}}", shard.index, width);
  for (size_t at = out.find(kPlace); at != std::string::npos; at = out.find(kPlace, at)) {
    out.replace(at, kPlace.size(), number);
  }
  return out;
}

std::pair<int64_t, int64_t> range_of(Shard shard, int64_t units) {
  return {units * shard.index / shard.count, units * (shard.index + 1) / shard.count};
}

Shard parse_shard(const std::string& text, const std::string& source) {
  const auto parts = split(text, '/');
  if (parts.size() != 2) throw InputError(fmt::format("{} {}: expected i/n, such as 0/8", source, text));
  return checked({parse_int(parts[0], source), parse_int(parts[1], source)}, source + " " + text);
}

std::string to_string(Shard shard) {
  return fmt::format("{}/{}", shard.index, shard.count);
}

int64_t local_rank() {
  for (const char* name : {"SLURM_LOCALID", "LOCAL_RANK"}) {
    if (const auto rank = from_environment(name)) return std::max<int64_t>(0, *rank);
  }
  return 0;
}

}  // namespace sinkscope::app
