#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fiber.h"

namespace cuda_on_cpu {

/// A block's threads. Each gets a fiber as it starts; a fiber whose thread returns without a wait starts the next.
class Block {
 public:
  Block(const std::function<void()>& kernel, unsigned n_threads);
  ~Block();

  void draw_order(std::mt19937&);
  void run();

  // Of the thread that runs.
  uint32_t shuffle_xor(unsigned lanes, uint32_t bits, int offset);
  void wait_for_block();
  [[noreturn]] void fail(const std::string& what) const;

 private:
  enum class State { ready, in_shuffle, at_barrier, returned };
  struct Thread {
    State state = State::ready;
    Fiber* fiber = nullptr;
    unsigned lanes = 0;
    int offset = 0;
    uint32_t bits = 0;  // what it brings to a shuffle, then what it takes away

    bool shuffles_as(const Thread& other) const;
  };

  static void start_threads();
  void enter(unsigned thread);
  void wait(State);
  void resume(Fiber&);
  Fiber& idle_fiber();

  bool release_all();
  bool release_shuffle(unsigned first_of_warp, const Thread&);
  const Thread* find(unsigned thread) const;
  std::string why_none_goes_on() const;

  const std::function<void()>& kernel_;
  std::vector<Thread> threads_;
  std::vector<unsigned> order_;
  size_t started_ = 0;
  unsigned current_ = 0;
  std::string failure_;
};

}  // namespace cuda_on_cpu
