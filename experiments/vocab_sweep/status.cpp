// status: how far the shards of a sweep are, from their journals and results.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "commands/command.h"
#include "experiments/vocab_sweep/part.h"
#include "sinkscope/app/progress.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/error.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> files;
};

/// One process's share.
struct State {
  std::string file, shard;
  int64_t units = 0, done = 0;
  double seconds_a_unit = 0;  ///< median between records; 0 where there are not two
  double silent = 0;          ///< seconds since the last record
  bool is_result = false;

  double left() const { return static_cast<double>(units - done) * seconds_a_unit; }
  bool works() const { return !is_result && silent < std::max(120.0, 10 * seconds_a_unit); }
};

int64_t units_of(const json& units) {
  int64_t sum = 0;
  for (const auto& [pass, range] : units.items()) sum += range.at(1).get<int64_t>() - range.at(0).get<int64_t>();
  return sum;
}

State of_journal(const std::string& file) {
  const auto journal = result::read_journal(file);
  State s;
  s.file = file;
  if (!journal.header.is_object()) return s;
  if (!journal.header.contains("shard")) {
    throw InputError(fmt::format("{}: expected a journal of vocab-sweep, found one of {}", file,
                                 journal.header.value("experiment", json()).dump()));
  }
  s.shard = journal.header.at("shard");
  s.units = units_of(journal.header.at("units"));
  for (const auto& [unit, payload] : journal.records) s.done += unit >= 0;
  s.units = std::max(s.units, s.done);  // a screen's refinement is not in the header
  std::vector<double> gaps;
  for (size_t i = 1; i < journal.times.size(); ++i) gaps.push_back(journal.times[i] - journal.times[i - 1]);
  if (!gaps.empty()) {
    std::nth_element(gaps.begin(), gaps.begin() + static_cast<int64_t>(gaps.size() / 2), gaps.end());
    s.seconds_a_unit = gaps[gaps.size() / 2];
  }
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  if (!journal.times.empty()) s.silent = now.count() - journal.times.back();
  return s;
}

State of_result(const std::string& file) {
  const std::string expected = "a journal or a result of vocab-sweep";
  const auto found = result::read_result(file, expected);
  if (!found.contains("plan")) {
    throw InputError(fmt::format("{}: expected {}; found a result of {}", file, expected,
                                 found.at("experiment").get<std::string>()));
  }
  State s;
  s.file = file;
  s.is_result = true;
  try {
    if (found.value("experiment", json()) == sweep::kPartExperiment) {
      s.shard = found.at("shard");
      for (const auto& pass : found.at("results").at("passes")) {
        s.units += pass.at("last").get<int64_t>() - pass.at("first").get<int64_t>();
      }
    } else {
      const auto& plan = found.at("plan");
      const int64_t ids = plan.at("ids").at("count"), in_unit = plan.at("ids_per_unit");
      s.units = (ids + in_unit - 1) / in_unit;
    }
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: expected a result of vocab-sweep: {}", file, e.what()));
  }
  s.done = s.units;
  return s;
}

/// A journal whose work has become a result is gone; its result stands in for it.
State read(const std::string& file) {
  const bool is_journal = file.ends_with(".journal");
  if (is_journal && std::filesystem::exists(file)) return of_journal(file);
  const auto result = std::filesystem::path(file).replace_extension(".json").string();
  return of_result(is_journal ? result : file);
}

void print_shards_without_file(const std::vector<State>& states) {
  std::map<int64_t, std::vector<bool>> seen;  // by the number of shards
  for (const auto& s : states) {
    if (s.shard.empty()) continue;
    const auto shard = app::parse_shard(s.shard, s.file + ": shard");
    seen.try_emplace(shard.count, shard.count).first->second[shard.index] = true;
  }
  for (const auto& [count, there] : seen) {
    std::vector<int64_t> missing;
    for (int64_t i = 0; i < count; ++i) {
      if (!there[i]) missing.push_back(i);
    }
    if (!missing.empty()) fmt::print("not started or not listed: shards {} of {}\n", spell(missing), count);
  }
}

void run(const Options& o) {
  std::vector<State> states;
  std::set<std::filesystem::path> names;  // a share's journal and result are one
  for (const auto& file : o.files) {
    if (names.insert(std::filesystem::weakly_canonical(file).replace_extension()).second) states.push_back(read(file));
  }
  int64_t units = 0, done = 0;
  double slowest = 0, rate = 0;
  for (const auto& s : states) {
    units += s.units;
    done += s.done;
    const double share = s.units > 0 ? 100.0 * static_cast<double>(s.done) / static_cast<double>(s.units) : 100;
    std::string how = "done";
    if (!s.is_result) {
      const auto pace = s.seconds_a_unit > 0
                            ? fmt::format("{:.2f} s per unit, {} left", s.seconds_a_unit, app::spell_duration(s.left()))
                            : "no unit timed yet";
      how = s.works() ? pace : fmt::format("nothing written for {}, {}", app::spell_duration(s.silent), pace);
      slowest = std::max(slowest, s.left());
      if (s.works() && s.seconds_a_unit > 0) rate += 1 / s.seconds_a_unit;
    }
    fmt::print("{:<40} {:>7} {:>6} of {:>6} units {:5.1f} %  {}\n", s.file, s.shard, s.done, s.units, share, how);
  }
  print_shards_without_file(states);
  fmt::print("{} of {} units in {} files", done, units, states.size());
  if (rate > 0) fmt::print(", {:.2f} units/s, the slowest needs {}", rate, app::spell_duration(slowest));
  fmt::print("\n");
}

}  // namespace

commands::Command status() {
  return {"status", "show how far the shards of a vocab-sweep are",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("files", o->files, "the shards' journals or results")
                ->required()
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.callback([o] { run(*o); });
          },
          commands::kParts};
}

}  // namespace sinkscope::experiments
