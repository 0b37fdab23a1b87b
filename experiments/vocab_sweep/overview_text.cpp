#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "experiments/vocab_sweep/overview.h"
#include "sinkscope/app/progress.h"
#include "sinkscope/app/table.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments::sweep {
namespace {

using app::Colour;
using app::RunState;
using app::Work;
using app::WorkState;
using nlohmann::ordered_json;

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json to_json(const WorkState& process) {
  const bool has_pace = process.s_per_unit > 0;
  return {{"file", process.file},
          {"shard", process.shard.empty() ? ordered_json() : ordered_json(process.shard)},
          {"state", app::name_of(process.work)},
          {"done", process.done},
          {"units", or_null(process.units)},
          {"s_per_unit", has_pace ? ordered_json(process.s_per_unit) : ordered_json()},
          {"left_s", has_pace && process.units ? ordered_json(process.left_s()) : ordered_json()},
          {"silent_s", process.silent_s}};
}

std::string percent(int64_t done, const std::optional<int64_t>& units) {
  if (!units) return "";
  const double share = *units > 0 ? static_cast<double>(done) / static_cast<double>(*units) : 1;
  return fmt::format("{:.1f} %", 100 * share);
}

/// "3 of 16"; nothing of a result of trials, which does not say how many it took.
std::string units_of(const WorkState& process) {
  if (process.units) return fmt::format("{} of {}", process.done, *process.units);
  return process.work == Work::done ? "" : fmt::format("{}", process.done);
}

std::string spell_pace(const WorkState& process) {
  if (process.s_per_unit <= 0) return "no unit timed yet";
  const auto pace = fmt::format("{:.2f} s per unit", process.s_per_unit);
  return process.units ? pace + fmt::format(", {} left", app::spell_duration(process.left_s())) : pace;
}

app::Cell how(const WorkState& process) {
  switch (process.work) {
    case Work::done: return {"done", Colour::good};
    case Work::absent: return {"has written nothing yet", Colour::faint};
    case Work::running: return {spell_pace(process)};
    case Work::stopped: return {"stopped; the same command goes on where it was", Colour::bad};
    default:
      return {fmt::format("nothing written for {}, {}", app::spell_duration(process.silent_s), spell_pace(process)),
              Colour::doubtful};
  }
}

size_t processes_of(const Overview& all) {
  size_t count = 0;
  for (const auto& run : all.runs) count += run.processes.size();
  return count;
}

bool may_grow(const Overview& all) {
  for (const auto& run : all.runs) {
    if (run.units && run.may_grow) return true;
  }
  return false;
}

}  // namespace

ordered_json to_json(const Overview& all) {
  auto runs = ordered_json::array(), missing = ordered_json::array();
  for (const auto& run : all.runs) {
    auto processes = ordered_json::array();
    for (const auto& process : run.processes) processes.push_back(to_json(process));
    runs.push_back({{"experiment", run.experiment.empty() ? ordered_json() : ordered_json(run.experiment)},
                    {"done", run.done},
                    {"units", or_null(run.units)},
                    {"may_grow", run.may_grow},
                    {"processes", processes}});
  }
  for (const auto& [shards, absent] : all.missing) missing.push_back({{"shards", shards}, {"missing", absent}});
  return {{"complete", all.is_complete()}, {"done", all.done},
          {"units", or_null(all.units)},   {"units_per_s", all.units_per_s},
          {"left_s", or_null(all.left_s)}, {"runs", runs},
          {"missing_shards", missing}};
}

std::string summary(const Overview& all) {
  auto text = all.units           ? fmt::format("{} of {} units ({}) in {} files", all.done, *all.units,
                                                percent(all.done, all.units), processes_of(all))
              : all.is_complete() ? fmt::format("all done, in {} files", processes_of(all))
                                  : fmt::format("{} units in {} files", all.done, processes_of(all));
  if (all.units_per_s > 0) text += fmt::format(", {:.2f} units/s", all.units_per_s);
  if (all.left_s && *all.left_s > 0) text += fmt::format(", the slowest needs {}", app::spell_duration(*all.left_s));
  if (may_grow(all)) text += "; more units may be chosen";
  for (const auto& [shards, absent] : all.missing)
    text += fmt::format("; not started or not listed: shards {} of {}", spell(absent), shards);
  return text;
}

std::string page(const Overview& all, const app::Terminal& terminal) {
  app::Table table({app::Align::left, app::Align::right, app::Align::right, app::Align::right, app::Align::left});
  table.heading({"file", "shard", "units", "done", "how"});
  for (const auto& run : all.runs) {
    for (const auto& process : run.processes) {
      table.add({{process.file.empty() ? "-" : process.file},
                 {process.shard.empty() ? "-" : process.shard},
                 {units_of(process)},
                 {percent(process.done, process.units)},
                 how(process)});
    }
  }
  return fmt::format("{}{}\n", table.text(terminal), fmt::join(app::wrapped(summary(all), terminal.width), "\n"));
}

}  // namespace sinkscope::experiments::sweep
