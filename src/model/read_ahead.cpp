#include "model/read_ahead.h"

namespace sinkscope::model {
namespace {

constexpr size_t kTensorsAhead = 14;  // two blocks: 0.8 GB of an 8B model

}  // namespace

ReadAhead::ReadAhead(const Checkpoint& checkpoint, std::vector<std::string> names)
    : checkpoint_(checkpoint), names_(std::move(names)), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  used_more_.notify_one();
  thread_.join();
}

void ReadAhead::advance() {
  {
    const std::lock_guard lock(mutex_);
    ++used_;
  }
  used_more_.notify_one();
}

void ReadAhead::run() {
  for (size_t next = 0; next < names_.size(); ++next) {
    {
      std::unique_lock lock(mutex_);
      used_more_.wait(lock, [&] { return ended_ || next < used_ + kTensorsAhead; });
      if (ended_) return;
    }
    checkpoint_.will_read(names_[next]);
  }
}

}  // namespace sinkscope::model
