#include "block.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "grid.h"

namespace cuda_on_cpu {
namespace {

constexpr unsigned kWarp = 32;
Block* running_block = nullptr;
std::vector<std::unique_ptr<Fiber>> fibers;  // of all blocks
std::vector<Fiber*> idle;

/// `f(lane)` for every lane of a mask.
template <typename F>
void for_each_lane(unsigned lanes, const F& f) {
  for (; lanes; lanes &= lanes - 1) f(static_cast<unsigned>(std::countr_zero(lanes)));
}

}  // namespace

Block::Block(const std::function<void()>& kernel, unsigned n_threads)
    : kernel_(kernel), threads_(n_threads), order_(n_threads) {
  if (running_block) throw std::logic_error("a kernel that launches a kernel does not run on a CPU");
  running_block = this;
  std::iota(order_.begin(), order_.end(), 0);
}

/// Fibers that a failed launch has left in the middle of their threads go with it.
Block::~Block() {
  running_block = nullptr;
  if (failure_.empty()) return;
  idle.clear();
  fibers.clear();
}

void Block::draw_order(std::mt19937& random) {
  std::shuffle(order_.begin(), order_.end(), random);
}

void Block::run() {
  started_ = 0;
  while (started_ < threads_.size()) resume(idle_fiber());
  while (std::any_of(threads_.begin(), threads_.end(), [](auto& t) { return t.state != State::returned; })) {
    if (!release_all()) throw std::logic_error(failure_ = why_none_goes_on());
    for (const unsigned i : order_) {
      if (threads_[i].state != State::ready) continue;
      enter(i);
      resume(*threads_[i].fiber);
    }
  }
}

Fiber& Block::idle_fiber() {
  if (idle.empty()) idle.push_back(fibers.emplace_back(std::make_unique<Fiber>(start_threads)).get());
  Fiber& fiber = *idle.back();
  idle.pop_back();
  return fiber;
}

/// What a fiber does.
void Block::start_threads() {
  for (;;) {
    while (running_block->started_ < running_block->order_.size()) {
      Block& block = *running_block;
      block.enter(block.order_[block.started_++]);
      block.threads_[block.current_] = {.fiber = Fiber::running()};
      try {
        block.kernel_();
      } catch (const std::exception& e) {
        block.failure_ = e.what();
        break;
      }
      block.threads_[block.current_].state = State::returned;
    }
    idle.push_back(Fiber::running());
    Fiber::pause();
  }
}

void Block::enter(unsigned thread) {
  current_ = thread;
  threadIdx.x = thread;
}

void Block::resume(Fiber& fiber) {
  fiber.resume();
  if (!failure_.empty()) throw std::logic_error(failure_);
}

void Block::wait(State state) {
  threads_[current_].state = state;
  Fiber::pause();
}

void Block::fail(const std::string& what) const {
  throw std::logic_error(
      fmt::format("thread {} of block ({}, {}, {}) {}", current_, blockIdx.x, blockIdx.y, blockIdx.z, what));
}

uint32_t Block::shuffle_xor(unsigned lanes, uint32_t bits, int offset) {
  const unsigned lane = current_ % kWarp, other = lane ^ static_cast<unsigned>(offset);
  if (!(lanes >> lane & 1)) fail(fmt::format("shuffles with lanes {:#010x}, of which it is none", lanes));
  if (other >= kWarp || !(lanes >> other & 1)) {
    fail(fmt::format("asks lane {}, which is none of the shuffle's {:#010x}", other, lanes));
  }
  Thread& thread = threads_[current_];
  thread.lanes = lanes;
  thread.offset = offset;
  thread.bits = bits;
  wait(State::in_shuffle);
  return thread.bits;
}

void Block::wait_for_block() {
  wait(State::at_barrier);
}

/// Lets go whoever has waited for the last to come; says whether there was one.
bool Block::release_all() {
  bool any = false;
  for (unsigned i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state == State::in_shuffle) any = release_shuffle(i / kWarp * kWarp, threads_[i]) || any;
  }
  const bool all_here = std::all_of(threads_.begin(), threads_.end(), [](const Thread& t) {
    return t.state == State::at_barrier || t.state == State::returned;
  });
  if (!all_here) return any;
  for (Thread& t : threads_) {
    if (t.state == State::at_barrier) t.state = State::ready;
  }
  return true;
}

bool Block::release_shuffle(unsigned first, const Thread& one) {
  const unsigned lanes = one.lanes;
  const int offset = one.offset;
  uint32_t brought[kWarp] = {};
  bool all_here = true;
  for_each_lane(lanes, [&](unsigned lane) {
    const Thread* t = find(first + lane);
    all_here = all_here && t && t->shuffles_as(one);
    if (all_here) brought[lane] = t->bits;
  });
  if (!all_here) return false;
  for_each_lane(lanes, [&](unsigned lane) {
    threads_[first + lane].bits = brought[lane ^ static_cast<unsigned>(offset)];
    threads_[first + lane].state = State::ready;
  });
  return true;
}

bool Block::Thread::shuffles_as(const Thread& other) const {
  return state == State::in_shuffle && lanes == other.lanes && offset == other.offset;
}

const Block::Thread* Block::find(unsigned thread) const {
  return thread < threads_.size() ? &threads_[thread] : nullptr;
}

/// Somebody is in a shuffle, for a barrier opens where nobody is.
std::string Block::why_none_goes_on() const {
  const auto waits =
      std::find_if(threads_.begin(), threads_.end(), [](auto& t) { return t.state == State::in_shuffle; });
  const auto i = static_cast<unsigned>(waits - threads_.begin());
  std::string why;
  for_each_lane(waits->lanes, [&](unsigned lane) {
    const unsigned other = i / kWarp * kWarp + lane;
    const Thread* t = find(other);
    if (!why.empty() || (t && t->shuffles_as(*waits))) return;
    const char* where = !t                              ? "is not in the block"
                        : t->state == State::returned   ? "has returned"
                        : t->state == State::at_barrier ? "waits at a barrier"
                                                        : "is in another shuffle";
    why = fmt::format("thread {} of block ({}, {}, {}) shuffles with lanes {:#010x}, but thread {} {}", i, blockIdx.x,
                      blockIdx.y, blockIdx.z, waits->lanes, other, where);
  });
  return why;
}

namespace {

Block& block_of_thread() {
  if (!Fiber::running()) throw std::logic_error("this is for kernels only");
  return *running_block;
}

}  // namespace

uint32_t shuffle_xor(unsigned lanes, uint32_t bits, int offset) {
  return block_of_thread().shuffle_xor(lanes, bits, offset);
}

void wait_for_block() {
  block_of_thread().wait_for_block();
}

void fail(const std::string& what) {
  block_of_thread().fail(what);
}

}  // namespace cuda_on_cpu
