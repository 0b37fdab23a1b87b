#include "sinkscope/model/keep_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <malloc.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>

namespace sinkscope::model {
namespace {

constexpr size_t kAlignment = 64, kKeptFrom = 256 << 10, kStep = 64 << 10;
constexpr size_t kMostIdle = size_t{1} << 30;  // bytes kept beside what is in use, once a new size is wanted

/// A pass asks for the same sizes again and again; each size's blocks serve it alone.
class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes == 0 ? nullptr : bytes < kKeptFrom ? fresh(bytes) : take((bytes + kStep - 1) / kStep * kStep);
    return {data, data, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }

  static KeepingAllocator& instance() {
    static auto* one = new KeepingAllocator;  // tensors of static duration may outlive it otherwise
    return *one;
  }

 private:
  static void* fresh(size_t bytes) {
    void* data = nullptr;
    if (posix_memalign(&data, kAlignment, bytes) != 0) throw std::bad_alloc();
    return data;
  }

  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    void* data = nullptr;
    if (const auto found = idle_.find(bytes); found != idle_.end()) {
      data = found->second;
      idle_.erase(found);
      idle_bytes_ -= bytes;
    } else {
      if (idle_bytes_ > kMostIdle) free_idle();
      data = fresh(bytes);
    }
    used_[data] = bytes;
    return data;
  }

  static void release(void* data) { instance().give_back(data); }

  void give_back(void* data) {
    const std::lock_guard lock(mutex_);
    const auto found = used_.find(data);
    if (found == used_.end()) {
      std::free(data);
      return;
    }
    idle_.emplace(found->second, data);
    idle_bytes_ += found->second;
    used_.erase(found);
  }

  void free_idle() {
    for (const auto& [bytes, data] : idle_) std::free(data);
    idle_.clear();
    idle_bytes_ = 0;
  }

  std::mutex mutex_;
  std::unordered_map<void*, size_t> used_;  // blocks of kKeptFrom and more
  std::multimap<size_t, void*> idle_;
  size_t idle_bytes_ = 0;
};

}  // namespace

void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, INT_MAX);  // for what does not come through c10: the products' scratch memory
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  c10::SetCPUAllocator(&KeepingAllocator::instance(), /*priority=*/1);
}

}  // namespace sinkscope::model
