#include "experiments/vocab_sweep/sweep_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/vocab_sweep/part.h"
#include "sinkscope/error.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

int64_t units_of(const json& units) {
  int64_t sum = 0;
  for (const auto& [pass, range] : units.items()) sum += range.at(1).get<int64_t>() - range.at(0).get<int64_t>();
  return sum;
}

}  // namespace

app::WorkState state_of_journal(const std::string& file, const result::JournalContents& journal) {
  app::WorkState state{.file = file};
  if (!journal.header.is_object()) return state;
  try {
    state.shard = journal.header.at("shard");
    for (const auto& [unit, payload] : journal.records) state.done += unit >= 0;
    state.units = std::max(units_of(journal.header.at("units")), state.done);  // a screen's refinement is not in it
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: expected a journal of vocab-sweep: {}", file, e.what()));
  }
  app::take_pace(journal.times, file, state);
  state.is_written_here = app::is_written_here(file);
  return state;
}

app::WorkState state_of_result(const std::string& file, const json& result) {
  app::WorkState state{.file = file, .units = 0};
  try {
    if (result.at("experiment") == kPartExperiment) {
      state.shard = result.at("shard");
      for (const auto& pass : result.at("results").at("passes"))
        *state.units += pass.at("last").get<int64_t>() - pass.at("first").get<int64_t>();
    } else {
      const auto& plan = result.at("plan");
      const int64_t ids = plan.at("ids").at("count"), in_unit = plan.at("ids_per_unit");
      state.units = (ids + in_unit - 1) / std::max<int64_t>(1, in_unit);
    }
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: expected a result of vocab-sweep: {}", file, e.what()));
  }
  state.done = *state.units;
  state.work = app::Work::done;
  return state;
}

}  // namespace sinkscope::experiments::sweep
