#include "grid.h"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "block.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {
namespace {

std::vector<const Constant*> constants;

void check_limits(dim3 blocks, dim3 threads) {
  const bool fits = blocks.x > 0 && blocks.x < 1u << 31 && blocks.y > 0 && blocks.y < 1 << 16 && blocks.z > 0 &&
                    blocks.z < 1 << 16 && threads.x > 0 && threads.x <= 1024;
  if (!fits) throw std::logic_error("a grid of this size cannot be launched");
  if (threads.y != 1 || threads.z != 1)
    throw std::logic_error("blocks run on a CPU only where their threads are a row");
}

}  // namespace

void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& kernel) {
  static std::mt19937 random;
  check_limits(blocks, threads);
  blockDim = threads;
  gridDim = blocks;
  Block block(kernel, threads.x);
  block.draw_order(random);
  const bool backwards = random() % 2;  // what a block writes into another's memory stays there in one order
  const uint64_t n = uint64_t{blocks.x} * blocks.y * blocks.z;
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t at = backwards ? n - 1 - i : i;
    blockIdx = {static_cast<unsigned>(at % blocks.x), static_cast<unsigned>(at / blocks.x % blocks.y),
                static_cast<unsigned>(at / blocks.x / blocks.y)};
    block.run();
  }
}

std::set<const void*>& kernels_launched() {
  static std::set<const void*> kernels;
  return kernels;
}

Constant::Constant(const void* begin, size_t bytes) : begin_(reinterpret_cast<uintptr_t>(begin)), end_(begin_ + bytes) {
  constants.push_back(this);
}

Constant::~Constant() {
  std::erase(constants, this);
}

bool Constant::holds(const void* begin, size_t bytes) {
  const auto first = reinterpret_cast<uintptr_t>(begin);
  return std::any_of(constants.begin(), constants.end(),
                     [&](const Constant* c) { return c->begin_ <= first && first + bytes <= c->end_; });
}

}  // namespace cuda_on_cpu
