#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "model/cuda/element.cuh"

namespace sinkscope::tests {

class CudaKernels : public ::testing::Test {
 protected:
  CudaKernels() { at::set_num_threads(1); }  // tensors are small, and threads that wait for work take a core each
};

inline constexpr at::ScalarType kKernelTypes[] = {at::kFloat, at::kBFloat16};

inline Element element_of(at::ScalarType dtype) {
  return dtype == at::kFloat ? Element::float32 : Element::bfloat16;
}

inline at::Tensor noise(at::IntArrayRef shape, at::ScalarType dtype, uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::kFloat).to(dtype);
}

/// Of the largest value: sums in another order in float32; in bfloat16 one step, and that for few.
inline void expect_same(const at::Tensor& ours, const at::Tensor& wanted) {
  const double scale = wanted.to(at::kFloat).abs().max().item<double>();
  const auto apart = (ours.to(at::kFloat) - wanted.to(at::kFloat)).abs();
  const bool short_type = ours.scalar_type() == at::kBFloat16;
  EXPECT_LE(apart.max().item<double>(), scale * (short_type ? 1.0 / 128 : 2e-6));
  if (short_type) {
    EXPECT_LE(apart.gt(0).sum().item<int64_t>(), 2 + apart.numel() / 1000);
  }
}

}  // namespace sinkscope::tests
