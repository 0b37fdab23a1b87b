#include "sinkscope/app/work_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>

namespace sinkscope::app {
namespace {

constexpr double kSilence = 120, kUnitsOfSilence = 10;  // seconds; a slow unit is no silence

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double written_at(const std::filesystem::path& file) {
  struct stat found {};
  return stat(file.c_str(), &found) == 0 ? static_cast<double>(found.st_mtime) : now();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string_view name_of(Work work) {
  constexpr std::array<std::string_view, 5> names = {"absent", "running", "silent", "stopped", "done"};
  return names[static_cast<size_t>(work)];
}

double WorkState::left_s() const {
  return units ? static_cast<double>(*units - done) * s_per_unit : 0;
}

void take_pace(std::vector<double> times, const std::filesystem::path& file, WorkState& state) {
  std::sort(times.begin(), times.end());  // of several journals
  std::vector<double> gaps;
  for (size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
  state.s_per_unit = median(std::move(gaps));
  state.silent_s = std::max(0.0, now() - (times.empty() ? written_at(file) : times.back()));
  const bool is_silent = state.silent_s >= std::max(kSilence, kUnitsOfSilence * state.s_per_unit);
  state.work = is_silent ? Work::silent : Work::running;
}

bool is_written_here(const std::filesystem::path& journal) {
  struct stat found {};
  if (stat(journal.c_str(), &found) != 0) return false;
  const auto place = fmt::format(" {:02x}:{:02x}:{} ", major(found.st_dev), minor(found.st_dev), found.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("FLOCK") != std::string::npos && line.find("->") == std::string::npos &&
        line.find(place) != std::string::npos)
      return true;
  }
  return false;
}

}  // namespace sinkscope::app
