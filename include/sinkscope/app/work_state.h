#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::app {

/// What a process of a run does, as far as the files that it writes tell.
enum class Work {
  absent,   ///< it has written nothing yet
  running,  ///< it has written lately
  silent,   ///< nothing for longer than a unit takes
  stopped,  ///< it was seen on this machine, and is gone without a result
  done,
};
std::string_view name_of(Work);

/// One process's share of a run.
struct WorkState {
  std::string file = {};              ///< its journal or result
  std::string shard = {};             ///< "3/8"; empty where the file does not say
  std::optional<int64_t> units = {};  ///< nothing where the share alone does not tell
  int64_t done = 0;                   ///< units
  double s_per_unit = 0;              ///< median between records; 0 where there are not two
  double silent_s = 0;                ///< seconds since the last record
  bool is_written_here = false;       ///< a process of this machine holds its journal
  Work work = Work::absent;

  /// Seconds; 0 where units or pace are not known.
  double left_s() const;
  bool operator==(const WorkState&) const = default;
};

/// The processes of one run. Their units may be fewer than the run's.
struct RunState {
  std::string experiment = {};
  std::vector<WorkState> processes = {};
  std::optional<int64_t> units = {};  ///< nothing where nobody has written them down
  int64_t done = 0;
  bool may_grow = false;  ///< more units may be chosen by what these show
};

/// Pace and silence from the times at which records were written, in seconds since 1970; where there are none, the
/// silence is the file's.
void take_pace(std::vector<double> times, const std::filesystem::path& file, WorkState&);

/// Whether a process of this machine holds the journal's lock, by /proc/locks: to try the lock would stand in the way
/// of a process that is about to take it. False where the file system hides it.
bool is_written_here(const std::filesystem::path& journal);

}  // namespace sinkscope::app
