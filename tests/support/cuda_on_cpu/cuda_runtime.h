#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <utility>

#include "grid.h"

// The part of CUDA that src/model/cuda uses, for kernels that a host's compiler compiles and a CPU runs: indices and
// arithmetic as CUDA defines them, and no hardware. No part of a toolkit is needed.

#define __global__
#define __device__
#define __shared__ static  // blocks run one after the other

struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};

using cudaStream_t = struct CUstream_st*;
enum cudaError_t { cudaSuccess };

/// Done when it returns.
template <typename... Parameters>
cudaError_t cudaLaunchKernel(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, void** arguments,
                             size_t /*shared_bytes*/, cudaStream_t) {
  cuda_on_cpu::kernels_launched().insert(reinterpret_cast<const void*>(kernel));
  const auto call = [&]<size_t... I>(std::index_sequence<I...>) {
    kernel(*static_cast<Parameters*>(arguments[I])...);
  };
  cuda_on_cpu::run_grid(blocks, threads, [&] { call(std::index_sequence_for<Parameters...>{}); });
  return cudaSuccess;
}

inline void __syncthreads() {
  cuda_on_cpu::wait_for_block();
}

template <typename T>
T __shfl_xor_sync(unsigned lanes, T x, int offset) {
  return std::bit_cast<T>(cuda_on_cpu::shuffle_xor(lanes, std::bit_cast<uint32_t>(x), offset));
}

/// By memcpy, for the words stand for values of other types.
template <typename T>
T __ldg(const T* from) {
  if (reinterpret_cast<uintptr_t>(from) % alignof(T) != 0) cuda_on_cpu::fail("reads a word that is not aligned");
  if (!cuda_on_cpu::Constant::holds(from, sizeof(T))) cuda_on_cpu::fail("reads by __ldg what is not constant");
  T x;
  std::memcpy(&x, reinterpret_cast<const void*>(from), sizeof(T));
  return x;
}

inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}

/// A template, so that a C library's own function of this name comes before it.
template <std::same_as<float> T>
T rsqrtf(T x) {
  return 1 / std::sqrt(x);
}
