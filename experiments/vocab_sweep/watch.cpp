#include "experiments/vocab_sweep/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "experiments/vocab_sweep/overview.h"
#include "sinkscope/app/interrupt.h"
#include "sinkscope/app/terminal.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments::sweep {
namespace {

using app::Work;
using Clock = std::chrono::steady_clock;

constexpr double kShareOfTime = 20;  // of a look, before the next: big journals are read whole

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The terminal's other screen, from the first show to the end.
class Screen {
 public:
  explicit Screen(app::Terminal terminal) : terminal_(terminal) {}
  ~Screen() {
    if (is_open_) print("\033[?25h\033[?1049l");
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void show(const Overview& all) {
    if (terminal_.redraws) {
      if (!is_open_) print("\033[?1049h\033[?25l");
      is_open_ = true;
      print("\033[H\033[J" + fitting(page(all, app::terminal_of(stdout))));
    } else if (const auto line = summary(all); line != last_) {
      print(line + "\n");
      last_ = line;
    }
  }

 private:
  static void print(const std::string& text) {
    fmt::print("{}", text);
    std::fflush(stdout);
  }

  /// The last line is the summary, which stays; of rows those that have room.
  std::string fitting(const std::string& page) const {
    auto lines = split(page.substr(0, page.size() - 1), '\n');
    const auto room = static_cast<size_t>(std::max(4, terminal_.height)) - 2;  // the summary may take two
    if (lines.size() > room) {
      const auto hidden = lines.size() - room;
      lines.erase(lines.end() - 1 - static_cast<int64_t>(hidden), lines.end() - 1);
      lines[lines.size() - 1] += fmt::format(" ({} lines have no room here)", hidden);
    }
    std::string text;
    for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
  }

  app::Terminal terminal_;
  bool is_open_ = false;
  std::string last_;
};

/// What is seen of processes of this machine from one look to the next.
class Witness {
 public:
  /// A process that was seen and is gone for two looks, with its work not done, was stopped.
  void mark_stopped(Overview& all) {
    for (auto& run : all.runs) {
      for (auto& process : run.processes) {
        auto& gone = gone_for_[process.shard + " " + process.file];
        if (process.is_written_here)
          gone = 1;
        else if (gone > 0 && process.work != Work::done && process.work != Work::absent && ++gone > 2)
          process.work = Work::stopped;
      }
    }
  }

  /// Whether anything was done since the look before.
  bool grew(const Overview& all) {
    std::string now;
    for (const auto& run : all.runs) {
      for (const auto& process : run.processes)
        now += fmt::format("{} {} {};", process.file, process.done, static_cast<int>(process.work == Work::done));
    }
    return std::exchange(before_, now) != now;
  }

 private:
  std::map<std::string, int> gone_for_;  // looks, 0: never seen
  std::string before_;
};

bool may_still_end(const Overview& all) {
  return all.any(Work::running) || all.any(Work::silent) || all.any(Work::absent);
}

/// In steps, so that a signal is heard.
void wait(double seconds) {
  const auto start = Clock::now();
  do {
    app::check_interrupt();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.1, seconds)));
  } while (seconds_since(start) < seconds);
}

}  // namespace

bool watch(const std::vector<std::string>& files, const Watch& o) {
  std::string why;
  Overview all;
  {
    Screen screen(app::terminal_of(stdout));
    Witness witness;
    auto grown = Clock::now();
    while (why.empty()) {
      const auto began = Clock::now();
      all = look(files, /*may_be_absent=*/true);
      const double took = seconds_since(began);
      witness.mark_stopped(all);
      if (witness.grew(all)) grown = Clock::now();
      screen.show(all);
      if (all.is_complete()) break;
      if (all.all(Work::done))
        why = "shards are missing: not started, or not listed";
      else if (!may_still_end(all))
        why = "stopped before the end; the same commands go on where they were";
      else if (seconds_since(grown) > o.patience)
        why = fmt::format("no file has grown for {:.0f} s", o.patience);
      else
        wait(std::max(o.every, kShareOfTime * took));
    }
  }
  const auto terminal = app::terminal_of(stdout);
  if (terminal.redraws) fmt::print("{}", page(all, terminal));
  if (!why.empty()) fmt::print(stderr, "sinkscope: status --watch: {}\n", why);
  return why.empty();
}

}  // namespace sinkscope::experiments::sweep
