#pragma once

#include <ucontext.h>

#include <cstddef>
#include <memory>

namespace cuda_on_cpu {

/// Work on a stack of its own, in turns with whoever resumes it. It never ends and throws nothing.
class Fiber {
 public:
  explicit Fiber(void (*work)());
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs it until it pauses.
  void resume();

  /// Of the fiber that runs.
  static void pause();
  static Fiber* running();  ///< null outside of all

 private:
  struct Stack {
    const void* bottom;
    size_t bytes;
  };
  static void begin();

  void (*work_)();
  std::unique_ptr<std::byte[]> memory_;
  ucontext_t own_{}, resumer_{};
  Stack resumers_{};            // where AddressSanitizer saw the resumer's stack
  void* own_frames_ = nullptr;  // AddressSanitizer's, while paused
};

}  // namespace cuda_on_cpu
