#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace sinkscope::trials {

/// Waits for other processes by what they write: the journals beside a result.
class Growth {
 public:
  explicit Growth(std::filesystem::path out) : out_(std::move(out)), since_(Clock::now()) {}

  /// Sleeps for a moment; then whether a journal has become larger within the last `seconds`. Throws Interrupted.
  bool within(int64_t seconds);

 private:
  using Clock = std::chrono::steady_clock;
  uintmax_t bytes() const;

  std::filesystem::path out_;
  uintmax_t before_ = 0;
  Clock::time_point since_;
};

}  // namespace sinkscope::trials
