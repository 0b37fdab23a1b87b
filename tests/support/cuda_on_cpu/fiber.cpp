#include "fiber.h"

// AddressSanitizer is told of every switch. It warns of swapcontext all the same, once.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void**, const void*, size_t) {}
static void __sanitizer_finish_switch_fiber(void*, const void**, size_t*) {}
#endif

namespace cuda_on_cpu {
namespace {

constexpr size_t kStackBytes = 1 << 16;
Fiber* in_turn = nullptr;

}  // namespace

Fiber::Fiber(void (*work)()) : work_(work), memory_(new std::byte[kStackBytes]) {
  getcontext(&own_);
  own_.uc_stack.ss_sp = memory_.get();
  own_.uc_stack.ss_size = kStackBytes;
  makecontext(&own_, begin, 0);
  own_.uc_stack = {};  // or AddressSanitizer forgets at every switch what it knows of this stack
}

void Fiber::begin() {
  __sanitizer_finish_switch_fiber(nullptr, &in_turn->resumers_.bottom, &in_turn->resumers_.bytes);
  in_turn->work_();
}

void Fiber::resume() {
  in_turn = this;
  void* frames = nullptr;
  __sanitizer_start_switch_fiber(&frames, memory_.get(), kStackBytes);
  swapcontext(&resumer_, &own_);
  __sanitizer_finish_switch_fiber(frames, nullptr, nullptr);
  in_turn = nullptr;
}

void Fiber::pause() {
  Fiber& self = *in_turn;
  __sanitizer_start_switch_fiber(&self.own_frames_, self.resumers_.bottom, self.resumers_.bytes);
  swapcontext(&self.own_, &self.resumer_);
  __sanitizer_finish_switch_fiber(self.own_frames_, &self.resumers_.bottom, &self.resumers_.bytes);
}

Fiber* Fiber::running() {
  return in_turn;
}

}  // namespace cuda_on_cpu
