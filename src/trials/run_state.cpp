#include "sinkscope/trials/run_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "sinkscope/app/shard.h"
#include "sinkscope/error.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/records.h"

namespace sinkscope::trials {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// What a journal's name says.
struct Name {
  std::string stem;  // the result's, without .json
  std::string draw;  // ".draw-1", or nothing
  bool is_lists = false, is_probes = false;
  std::string stage;  // ".stage-0", or nothing
  int64_t shard = 0;
};

std::optional<Name> parse(const std::string& file) {
  static const std::regex form(
      R"((.+?)(\.draw-\d+)?(?:(\.lists)|(\.stage-\d+)?(\.probes)?(?:\.(\d+)-of-\d+)?)\.journal)");
  std::smatch part;
  if (!std::regex_match(file, part, form)) return std::nullopt;
  return Name{.stem = part[1],
              .draw = part[2],
              .is_lists = part[3].matched,
              .is_probes = part[5].matched,
              .stage = part[4],
              .shard = part[6].matched ? parse_int(part[6].str(), file) : 0};
}

struct Found {
  fs::path file;
  Name name;
};

std::vector<Found> journals_of(const fs::path& out) {
  std::vector<Found> found;
  std::error_code none;
  const auto folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const auto name = parse(entry.path().filename().string());
    if (name && name->stem == out.stem()) found.push_back({out.parent_path() / entry.path().filename(), *name});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.file < b.file; });
  return found;
}

/// Nothing of one that was deleted since it was listed.
std::optional<result::JournalContents> read(const fs::path& file) {
  try {
    return result::read_journal(file);
  } catch (const InputError&) {
    if (fs::exists(file)) throw;
    return std::nullopt;
  }
}

/// Sums what the journals of a run hold.
class Sum {
 public:
  void add(const Found& found, const result::JournalContents& contents) {
    if (!contents.header.is_object()) return;
    experiment_ = contents.header.value("experiment", "");
    shards_ = contents.header.value("shards", shards_);
    if (found.name.is_lists) {
      for (const auto& [number, payload] : contents.records) lists_.emplace_back(found.name.draw, json::parse(payload));
      return;
    }
    auto& process = processes_[found.name.shard];
    process.file = found.file;
    process.records += static_cast<int64_t>(contents.records.size());
    process.times.insert(process.times.end(), contents.times.begin(), contents.times.end());
    process.is_written_here = process.is_written_here || app::is_written_here(found.file);
    if (found.name.is_probes) return;
    auto& keys = keys_[found.name.draw + found.name.stage];
    for (const auto& [unit, payload] : contents.records) keys.insert(key_in(payload));
  }

  app::RunState state() {
    app::RunState run{.experiment = experiment_, .may_grow = true};
    for (int64_t shard = 0; shard < shards_; ++shard) run.processes.push_back(process_state(shard));
    if (lists_.empty()) {
      for (const auto& process : run.processes) run.done += process.done;
      return run;
    }
    run.units = 0;
    for (const auto& [draw, list] : lists_) count(draw, list, run);
    return run;
  }

 private:
  struct Process {
    fs::path file;
    int64_t records = 0;
    std::vector<double> times;
    bool is_written_here = false;
  };

  app::WorkState process_state(int64_t shard) {
    app::WorkState state;
    if (shards_ > 1) state.shard = app::to_string({shard, shards_});
    const auto found = processes_.find(shard);
    if (found == processes_.end()) return state;
    auto& process = found->second;
    state.file = process.file.string();
    state.done = process.records;
    state.is_written_here = process.is_written_here;
    app::take_pace(std::move(process.times), process.file, state);
    return state;
  }

  /// One that shard 0 wrote down.
  void count(const std::string& draw, const json& list, app::RunState& run) const {
    if (list.contains("end")) {
      run.may_grow = run.may_grow && !draw.empty();
      return;
    }
    const auto stage = fmt::format("{}.stage-{}", draw, list.at("stage").get<size_t>());
    const auto found = keys_.find(keys_.contains(stage) ? stage : draw);
    const int64_t batches = list.at("batches");
    for (const auto& trial : list.at("trials")) {
      for (int64_t batch = 0; batch < batches; ++batch) {
        ++*run.units;
        run.done += found != keys_.end() && found->second.contains(key_of(trial, batch, Depth::whole));
      }
    }
  }

  std::string experiment_;
  int64_t shards_ = 1;
  std::vector<std::pair<std::string, json>> lists_;    // with their draw
  std::map<std::string, std::set<std::string>> keys_;  // of whole trials, by draw and stage
  std::map<int64_t, Process> processes_;
};

}  // namespace

std::optional<fs::path> result_of(const fs::path& journal) {
  const auto name = parse(journal.filename().string());
  if (!name) return std::nullopt;
  return journal.parent_path() / (name->stem + ".json");
}

bool is_under_way(const fs::path& out) {
  const auto journals = journals_of(out);
  std::error_code none;
  const auto written = fs::last_write_time(out, none);
  if (none) return !journals.empty();
  return std::any_of(journals.begin(), journals.end(), [&](const Found& found) {
    std::error_code gone;  // shard 0 tells the others of the end when the result is there
    const auto measured = fs::last_write_time(found.file, gone);
    return !found.name.is_lists && !gone && measured > written;
  });
}

app::RunState run_state(const fs::path& out) {
  Sum sum;
  for (const auto& found : journals_of(out)) {
    try {
      if (const auto contents = read(found.file)) sum.add(found, *contents);
    } catch (const json::exception& e) {
      throw InputError(fmt::format("{}: expected a journal of trials: {}", found.file.string(), e.what()));
    }
  }
  return sum.state();
}

}  // namespace sinkscope::trials
