#include "sinkscope/app/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/app/terminal.h"

namespace sinkscope::app {
namespace {

constexpr double kTerminalEvery = 0.2, kLogEvery = 5.0;  // seconds

}  // namespace

std::string spell_duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{} min {:02d} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02d} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string what, std::string unit, int64_t total, bool quiet)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      quiet_(quiet),
      terminal_(terminal_of(stderr).redraws),
      start_(Clock::now()),
      last_shown_(start_) {}

Progress::~Progress() {
  if (shown_ && terminal_) fmt::print(stderr, "\n");
}

void Progress::add(int64_t count) {
  done_ += count;
  const double since = std::chrono::duration<double>(Clock::now() - last_shown_).count();
  const bool last = done_ >= total_ && done_ - count < total_;
  if (!quiet_ && (since >= (terminal_ ? kTerminalEvery : kLogEvery) || (last && shown_))) show(done_ >= total_);
}

void Progress::say(const std::string& line) const {
  if (!quiet_) fmt::print(stderr, "{}{}\n", shown_ && terminal_ ? "\r\033[K" : "", line);
}

void Progress::show(bool last) {
  last_shown_ = Clock::now();
  shown_ = true;
  const double seconds = std::chrono::duration<double>(last_shown_ - start_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const auto left = last ? "done" : spell_duration(static_cast<double>(total_ - done_) / rate) + " left";
  const auto speed = unit_.empty() ? std::string() : fmt::format("  {:.0f} {}/s", rate, unit_);
  const auto of_ceiling =
      ceiling_ > 0 ? fmt::format(" ({:.2f} of the products' ceiling)", rate / ceiling_) : std::string();
  const auto text = fmt::format("{} {:3.0f} %{}{}  {}{}", what_, 100 * share, speed, of_ceiling, left,
                                note_.empty() ? "" : "  " + note_);
  if (terminal_) {
    constexpr int kWidth = 30;
    const int full = static_cast<int>(share * kWidth);
    const auto line = fmt::format("[{:#<{}}{:.<{}}] {}", "", full, "", kWidth - full, text);
    fmt::print(stderr, "\r\033[K{}", cut_to(line, terminal_of(stderr).width - 1));
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

}  // namespace sinkscope::app
