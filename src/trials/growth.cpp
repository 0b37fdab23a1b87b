#include "trials/growth.h"

#include <string>
#include <system_error>
#include <thread>

#include "sinkscope/app/interrupt.h"

namespace sinkscope::trials {

/// Of all journals that begin with the result's name.
uintmax_t Growth::bytes() const {
  const auto folder = out_.has_parent_path() ? out_.parent_path() : std::filesystem::path(".");
  const auto stem = out_.stem().string() + ".";
  uintmax_t sum = 0;
  std::error_code gone;  // a file may vanish meanwhile
  for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
    if (!entry.path().filename().string().starts_with(stem) || entry.path().extension() != ".journal") continue;
    const auto size = entry.file_size(gone);
    if (!gone) sum += size;
  }
  return sum;
}

bool Growth::within(int64_t seconds) {
  using namespace std::chrono_literals;
  app::check_interrupt();
  std::this_thread::sleep_for(300ms);
  if (const auto now = bytes(); now != before_) {
    before_ = now;
    since_ = Clock::now();
  }
  return Clock::now() - since_ < std::chrono::seconds(seconds);
}

}  // namespace sinkscope::trials
