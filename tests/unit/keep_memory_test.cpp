#include "sinkscope/model/keep_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sinkscope::tests {
namespace {

const bool kKept = (model::keep_memory(), true);

at::Tensor large(int64_t floats) {
  return at::empty({floats}, at::kFloat);
}

TEST(KeepMemory, AFreedTensorsPlaceServesTheNextOfItsSize) {
  ASSERT_TRUE(kKept);
  auto a = large(1 << 20), other = large((1 << 20) + 500'000);
  const void* place = a.data_ptr();
  a.reset();
  EXPECT_NE(large((1 << 20) + 900'000).data_ptr(), place);
  EXPECT_EQ(large(1 << 20).data_ptr(), place);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(place) % 64, 0U);
}

TEST(KeepMemory, NoTwoLivingTensorsShareAPlace) {
  const auto work = [](int64_t seed) {
    std::vector<at::Tensor> kept;
    for (int64_t i = 0; i < 200; ++i) {
      const int64_t floats = 70'000 + (i * 7919 + seed) % 5 * 40'000;
      kept.push_back(at::full({floats}, static_cast<double>(seed * 1000 + i), at::kFloat));
      if (i % 3 == 2) kept.erase(kept.begin());
    }
    const auto first = static_cast<int64_t>(200 - kept.size());
    bool good = true;
    for (size_t i = 0; i < kept.size(); ++i) {
      const auto wanted = static_cast<double>(seed * 1000 + first + static_cast<int64_t>(i));
      good = good && kept[i].eq(wanted).all().item<bool>();
    }
    EXPECT_TRUE(good);
  };
  std::vector<std::thread> threads;
  for (int64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& thread : threads) thread.join();
}

TEST(KeepMemory, SmallAndEmptyTensorsGoTheirOldWay) {
  EXPECT_EQ(at::zeros({10}).sum().item<float>(), 0.0F);
  EXPECT_EQ(at::empty({0}).numel(), 0);
}

}  // namespace
}  // namespace sinkscope::tests
