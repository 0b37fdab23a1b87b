#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

/// Those of the thread that runs.
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

/// How CUDA's grids run here. Blocks run one after the other; the threads of a block run in turn, each to its next
/// shuffle or barrier. Every launch draws both orders anew, so that a missing barrier shows. What waits for a thread
/// that never comes ends the launch with std::logic_error.
namespace cuda_on_cpu {

void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& kernel);

/// The bits that the lane `offset` from this one brought, once all `lanes` of this warp are here.
uint32_t shuffle_xor(unsigned lanes, uint32_t bits, int offset);

/// Returns once all threads of the block are here that have not returned.
void wait_for_block();

/// Ends the launch, from the thread that runs.
[[noreturn]] void fail(const std::string& what);

/// Which kernels were launched; every instance of a template counts.
std::set<const void*>& kernels_launched();

/// Memory that no kernel writes, and so the only one that __ldg may read.
class Constant {
 public:
  Constant(const void* begin, size_t bytes);
  ~Constant();
  Constant(const Constant&) = delete;
  Constant& operator=(const Constant&) = delete;
  static bool holds(const void* begin, size_t bytes);

 private:
  uintptr_t begin_, end_;
};

}  // namespace cuda_on_cpu
