#include "experiments/vocab_sweep/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/vocab_sweep/sweep_state.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/error.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/trials/run_state.h"

namespace sinkscope::experiments::sweep {
namespace {

using app::RunState;
using app::Work;
using app::WorkState;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kExpected[] = "a journal or a result of vocab-sweep or of trials";

RunState of_sweep(const WorkState& state) {
  return {.experiment = "vocab-sweep", .processes = {state}, .units = state.units, .done = state.done};
}

/// A result that is there, of any experiment that keeps journals.
RunState of_result(const std::string& file) {
  const auto result = result::read_result(file, kExpected);
  if (result.contains("plan")) return of_sweep(state_of_result(file, result));
  const auto experiment = result.at("experiment").get<std::string>();
  if (!result.contains("results") || !result.at("results").contains("sink_baseline")) {
    throw InputError(fmt::format("{}: expected {}; found a result of {}", file, kExpected, experiment));
  }
  return {.experiment = experiment, .processes = {{.file = file, .work = Work::done}}};
}

RunState of_journal(const std::string& file) {
  const auto journal = result::read_journal(file);
  if (!journal.header.is_object() || journal.header.contains("shard")) return of_sweep(state_of_journal(file, journal));
  const auto out = trials::result_of(file);
  if (!out) throw InputError(fmt::format("{}: expected {}, by its name", file, kExpected));
  return trials::run_state(*out);
}

/// A journal that is older than the result is left of its making; one that is newer is of a run that makes it anew.
RunState look_at(const std::string& file, bool may_be_absent) {
  const bool is_journal = file.ends_with(".journal");
  const auto out = is_journal ? trials::result_of(file).value_or(file) : fs::path(file);
  const auto journal = is_journal ? fs::path(file) : fs::path(file).replace_extension(".journal");
  try {
    if (trials::is_under_way(out)) return fs::exists(journal) ? of_journal(journal.string()) : trials::run_state(out);
  } catch (const InputError&) {
    if (fs::exists(journal)) throw;  // otherwise its work has become a result meanwhile
  }
  if (may_be_absent && !fs::exists(out)) return {.processes = {{.file = file}}};
  return of_result(out.string());
}

void add_missing(const std::vector<RunState>& runs, Overview& all) {
  std::map<int64_t, std::vector<bool>> seen;  // by the number of shards
  for (const auto& run : runs) {
    for (const auto& process : run.processes) {
      if (process.shard.empty()) continue;
      const auto shard = app::parse_shard(process.shard, process.file + ": shard");
      seen.try_emplace(shard.count, shard.count).first->second[shard.index] = true;
    }
  }
  for (const auto& [count, there] : seen) {
    for (int64_t i = 0; i < count; ++i) {
      if (!there[i]) all.missing[count].push_back(i);
    }
  }
}

/// By the pace of the processes that run: of a shared run together, of a sweep the slowest share.
void add_pace(Overview& all) {
  double slowest = 0;
  bool can_tell = all.units.has_value();
  for (const auto& run : all.runs) {
    double rate = 0;
    for (const auto& process : run.processes) {
      if (process.work == Work::running && process.s_per_unit > 0) rate += 1 / process.s_per_unit;
    }
    all.units_per_s += rate;
    if (!run.units || run.done >= *run.units) continue;
    can_tell = can_tell && rate > 0;
    if (rate > 0) slowest = std::max(slowest, static_cast<double>(*run.units - run.done) / rate);
  }
  if (can_tell) all.left_s = slowest;
}

}  // namespace

bool Overview::all(Work work) const {
  return std::all_of(runs.begin(), runs.end(), [&](const RunState& run) {
    return std::all_of(run.processes.begin(), run.processes.end(), [&](const auto& p) { return p.work == work; });
  });
}

bool Overview::any(Work work) const {
  return std::any_of(runs.begin(), runs.end(), [&](const RunState& run) {
    return std::any_of(run.processes.begin(), run.processes.end(), [&](const auto& p) { return p.work == work; });
  });
}

Overview look(const std::vector<std::string>& files, bool may_be_absent) {
  Overview all{.units = 0};
  std::set<fs::path> names;  // a share's journal and result are one, and so are all journals of one run of trials
  for (const auto& file : files) {
    const auto result = file.ends_with(".journal") ? trials::result_of(file).value_or(file) : fs::path(file);
    if (!names.insert(fs::weakly_canonical(result).replace_extension()).second) continue;
    all.runs.push_back(look_at(file, may_be_absent));
    const auto& run = all.runs.back();
    all.done += run.done;
    all.units = all.units && run.units ? std::optional(*all.units + *run.units) : std::nullopt;
  }
  add_missing(all.runs, all);
  add_pace(all);
  return all;
}

}  // namespace sinkscope::experiments::sweep
