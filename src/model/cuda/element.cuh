#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

/// What a tensor's elements are.
enum class Element { float32, bfloat16 };

/// `f` gets a value of the element's type.
template <typename F>
void of_type(Element element, const F& f) {
  element == Element::float32 ? f(float{}) : f(__nv_bfloat16{});
}

__device__ inline float to_float(float x) {
  return x;
}
__device__ inline float to_float(__nv_bfloat16 x) {
  return __bfloat162float(x);
}

template <typename T>
__device__ T from_float(float x);
template <>
__device__ inline float from_float<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

/// What is left of a float after it was held in T.
template <typename T>
__device__ float rounded(float x) {
  return to_float(from_float<T>(x));
}
