#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sinkscope::app {

/// Share done, rate and time left on stderr: a bar on a terminal, cut to its width, a line every few seconds
/// otherwise.
class Progress {
 public:
  /// `total` and `add` count in `unit` ("tokens"); with no unit no rate is shown. Quiet shows nothing.
  Progress(std::string what, std::string unit, int64_t total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;

  void add(int64_t count);

  /// What is left: the total is then what is done and this.
  void expect(int64_t left) { total_ = done_ + left; }

  /// Shown behind the rest: "ids 128 of 2048".
  void note(std::string words) { note_ = std::move(words); }

  /// A line of its own, above what is shown.
  void say(const std::string& line) const;

  /// Units a second that cannot be exceeded; the rate is then shown as a share of it, too.
  void ceiling(double per_second) { ceiling_ = per_second; }

 private:
  using Clock = std::chrono::steady_clock;
  void show(bool last);

  std::string what_, unit_, note_;
  double ceiling_ = 0;
  int64_t total_, done_ = 0;
  bool quiet_, terminal_, shown_ = false;
  Clock::time_point start_, last_shown_;
};

/// "3 h 05 min", "2 min 10 s", "4.2 s"
std::string spell_duration(double seconds);

}  // namespace sinkscope::app
