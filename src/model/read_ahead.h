#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sinkscope/model/checkpoint.h"

namespace sinkscope::model {

/// Has the kernel read tensors from the disk, in the given order and a bounded way ahead of their use, while others are
/// being packed or sent.
class ReadAhead {
 public:
  ReadAhead(const Checkpoint&, std::vector<std::string> names);
  ~ReadAhead();

  /// Tells that the next tensor in the order has been used.
  void advance();

 private:
  void run();

  const Checkpoint& checkpoint_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::condition_variable used_more_;
  size_t used_ = 0;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sinkscope::model
