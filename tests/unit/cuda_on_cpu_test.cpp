// What lets the CUDA kernels run on a CPU: threads that shuffle and meet, roundings, and the mistakes it tells.

#include <ATen/ATen.h>
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <gmock/gmock.h>

#include <numeric>

#include "model/cuda/launch.cuh"

namespace sinkscope::tests {
namespace {

constexpr unsigned kAll = 0xffffffff;

void partner_of_each(int* out, unsigned lanes, int offset) {
  if (!(lanes >> threadIdx.x % 32 & 1)) return;
  out[blockIdx.x * blockDim.x + threadIdx.x] = __shfl_xor_sync(lanes, static_cast<int>(threadIdx.x), offset);
}

TEST(CudaOnCpu, LanesOfAMaskExchangeAndTheOthersReturn) {
  std::vector<int> out(2 * 70, -1);
  launch(partner_of_each, 2, 64, nullptr, out.data(), 0x0000ff00u, 4);
  for (int block : {0, 64}) {
    for (int i = 0; i < 64; ++i) EXPECT_EQ(out[block + i], i % 32 / 8 == 1 ? i ^ 4 : -1);
  }
}

void sum_of_block(int* out) {
  __shared__ int brought[100];
  brought[threadIdx.x] = static_cast<int>(threadIdx.x + blockIdx.y);
  __syncthreads();
  out[blockIdx.y * blockDim.x + threadIdx.x] = std::accumulate(brought, brought + 100, 0);
}

TEST(CudaOnCpu, ABarrierShowsWhatAllWrote) {
  std::vector<int> out(3 * 100);
  launch(sum_of_block, dim3(1, 3), 100, nullptr, out.data());
  for (int i = 0; i < 300; ++i) EXPECT_EQ(out[i], 4950 + i / 100 * 100);
}

void barrier_without(int first_to_return, int* passed) {
  if (static_cast<int>(threadIdx.x) >= first_to_return) return;
  __syncthreads();
  ++*passed;
}

TEST(CudaOnCpu, ABarrierWaitsForNoneThatReturned) {
  int passed = 0;
  launch(barrier_without, 1, 256, nullptr, 37, &passed);
  EXPECT_EQ(passed, 37);
}

template <typename... Parameters, typename... Arguments>
void expect_failure(const std::string& part, void (*kernel)(Parameters...), Arguments... arguments) {
  try {
    launch(kernel, 1, 64, nullptr, arguments...);
    ADD_FAILURE() << "expected: " << part;
  } catch (const std::logic_error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(part));
  }
}

void shuffle_after_some_return(unsigned lanes, int offset) {
  if (threadIdx.x == 40) return;
  __shfl_xor_sync(lanes, 1.0f, offset);
}
void shuffle_while_some_meet(int first_to_meet) {
  static_cast<int>(threadIdx.x) >= first_to_meet ? __syncthreads() : void(__shfl_xor_sync(kAll, 1.0f, 1));
}
void shuffle_by_two_masks() {
  __shfl_xor_sync(threadIdx.x < 16 ? 0x1ffffu : kAll, 1.0f, 1);
}
void shuffle_by_two_offsets() {
  __shfl_xor_sync(kAll, 1.0f, threadIdx.x < 16 ? 1 : 2);
}

TEST(CudaOnCpu, AShuffleThatSomeLanesDoNotReachIsAnError) {
  expect_failure("thread 40 has returned", shuffle_after_some_return, kAll, 1);
  expect_failure("but thread 5 waits at a barrier", shuffle_while_some_meet, 5);
  expect_failure("is in another shuffle", shuffle_by_two_masks);
  expect_failure("is in another shuffle", shuffle_by_two_offsets);
  expect_failure("of which it is none", shuffle_after_some_return, 0xffu, 1);
  expect_failure("which is none of the shuffle's 0xffffffff", shuffle_after_some_return, kAll, 32);
  std::vector<int> out(64);
  expect_failure("none of the shuffle's", partner_of_each, out.data(), 0xffu, 8);
  launch(partner_of_each, 1, 64, nullptr, out.data(), kAll, 1);
  EXPECT_EQ(out[63], 62);
}

void read_words(const int4* from, int* out) {
  *out = __ldg(from).x;
}

TEST(CudaOnCpu, OnlyConstantAlignedMemoryIsReadAsSuch) {
  alignas(16) int words[8] = {3, 4, 5, 6, 7, 8, 9, 10};
  int out = 0;
  expect_failure("what is not constant", read_words, static_cast<const int4*>(static_cast<void*>(words)), &out);
  const cuda_on_cpu::Constant constant(words, 7 * sizeof(int));
  launch(read_words, 1, 1, nullptr, static_cast<const int4*>(static_cast<void*>(words)), &out);
  EXPECT_EQ(out, 3);
  expect_failure("what is not constant", read_words, static_cast<const int4*>(static_cast<void*>(words + 4)), &out);
  expect_failure("not aligned", read_words, static_cast<const int4*>(static_cast<void*>(words + 1)), &out);
}

TEST(CudaOnCpu, GridsHaveTheirLimits) {
  int passed = 0;
  EXPECT_THROW(launch(barrier_without, dim3(1, 65536), 1, nullptr, 1, &passed), std::logic_error);
  EXPECT_THROW(launch(barrier_without, 0, 1, nullptr, 1, &passed), std::logic_error);
  EXPECT_THROW(launch(barrier_without, 1, 1025, nullptr, 1, &passed), std::logic_error);
}

/// All float32 whose upper half is any and whose lower half is next to a tie of bfloat16.
at::Tensor floats() {
  const auto upper = at::arange(1 << 16, at::kInt).unsqueeze(1) * (1 << 16);
  const auto lower = at::tensor({0, 1, 0x7fff, 0x8000, 0x8001, 0xffff}, at::kInt);
  const auto all = (upper + lower).flatten().view(at::kFloat);
  return all.index({all.isfinite()});
}

TEST(CudaOnCpu, Bfloat16RoundsAsLibtorchs) {
  const auto x = floats(), wanted = x.to(at::kBFloat16);
  const auto* ours = x.const_data_ptr<float>();
  const auto* theirs = wanted.const_data_ptr<at::BFloat16>();
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto rounded = __float2bfloat16_rn(ours[i]);
    ASSERT_EQ(rounded.bits, theirs[i].x) << ours[i];
    ASSERT_EQ(__bfloat162float(rounded), static_cast<float>(theirs[i]));
  }
  EXPECT_TRUE(std::isnan(__bfloat162float(__float2bfloat16_rn(NAN))));
}

TEST(CudaOnCpu, Float8RoundsAsLibtorchsAndSaturates) {
  const auto x = floats(), wanted = x.clamp(-448, 448).to(at::kFloat8_e4m3fn);
  const auto* ours = x.const_data_ptr<float>();
  const auto* theirs = wanted.const_data_ptr<at::Float8_e4m3fn>();
  for (int64_t i = 0; i < x.numel(); ++i) ASSERT_EQ(__nv_fp8_e4m3(ours[i]).bits, theirs[i].x) << ours[i];
  EXPECT_EQ(__nv_fp8_e4m3(NAN).bits & 0x7f, 0x7f);
}

}  // namespace
}  // namespace sinkscope::tests
