#include <cuda_fp8.h>

#include "model/cuda/element.cuh"
#include "model/cuda/rows.cuh"

namespace {

constexpr int kWarp = 32, kWarpsPerBlock = 8, kThreads = 256;

/// One warp a row. Products are rounded one by one (no fused multiply-add), as the plain operations round them.
template <typename T>
__global__ void row_work(RowWork r) {
  const int64_t row = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / kWarp;
  if (row >= r.rows) return;
  const int lane = threadIdx.x % kWarp;
  const T* x = static_cast<const T*>(r.x) + row / r.heads * r.stride + row % r.heads * r.width;
  T* out = static_cast<T*>(r.out) + row * r.width;
  const T* weight = static_cast<const T*>(r.weight);
  if (r.sum) {  // a lane writes what only it reads again
    const T* y = static_cast<const T*>(r.y) + row * r.width;
    T* sum = static_cast<T*>(r.sum) + row * r.width;
    for (int64_t i = lane; i < r.width; i += kWarp) sum[i] = from_float<T>(__fadd_rn(to_float(x[i]), to_float(y[i])));
    x = sum;
  }

  float factor = 1;
  if (weight) {
    float squares = 0;
    for (int64_t i = lane; i < r.width; i += kWarp) squares += to_float(x[i]) * to_float(x[i]);
    for (int offset = kWarp / 2; offset > 0; offset /= 2) squares += __shfl_xor_sync(0xffffffff, squares, offset);
    factor = rsqrtf(squares / static_cast<float>(r.width) + r.eps);
  }
  const auto normed = [&](int64_t i) {
    const float value = to_float(x[i]);
    return weight ? rounded<T>(__fmul_rn(to_float(weight[i]), rounded<T>(__fmul_rn(value, factor)))) : value;
  };
  if (!r.cos) {
    for (int64_t i = lane; i < r.width; i += kWarp) out[i] = from_float<T>(normed(i));
    return;
  }
  const int64_t angles = row / r.heads % r.tokens * r.width, half = r.width / 2;
  const T* cos = static_cast<const T*>(r.cos) + angles;
  const T* sin = static_cast<const T*>(r.sin) + angles;
  const auto turned = [&](float a, float b, int64_t i) {
    return from_float<T>(
        __fadd_rn(rounded<T>(__fmul_rn(a, to_float(cos[i]))), rounded<T>(__fmul_rn(b, to_float(sin[i])))));
  };
  for (int64_t i = lane; i < half; i += kWarp) {
    const float first = normed(i), second = normed(i + half);
    out[i] = turned(first, -second, i);
    out[i + half] = turned(second, first, i + half);
  }
}

template <typename T>
__global__ void swiglu(GatedRows r) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < r.rows * r.width; i += step) {
    const int64_t row = i / r.width, column = i % r.width;
    const float x = to_float(static_cast<const T*>(r.gate)[row * r.gate_stride + column]);
    const float up = to_float(static_cast<const T*>(r.up)[row * r.up_stride + column]);
    static_cast<T*>(r.out)[i] = from_float<T>(__fmul_rn(rounded<T>(x / (1.0f + expf(-x))), up));
  }
}

/// One block a row.
template <typename T>
__global__ void float8_rows(const T* x, __nv_fp8_e4m3* values, float* scale, int64_t width) {
  __shared__ float largest[kThreads / kWarp];
  x += blockIdx.x * width;
  values += blockIdx.x * width;
  float mine = 0;
  for (int64_t i = threadIdx.x; i < width; i += kThreads) mine = fmaxf(mine, fabsf(to_float(x[i])));
  for (int offset = kWarp / 2; offset > 0; offset /= 2) mine = fmaxf(mine, __shfl_xor_sync(0xffffffff, mine, offset));
  if (threadIdx.x % kWarp == 0) largest[threadIdx.x / kWarp] = mine;
  __syncthreads();
  for (const float other : largest) mine = fmaxf(mine, other);
  const float factor = fmaxf(__fdiv_rn(mine, 448.0f), 1e-12f);
  if (threadIdx.x == 0) scale[blockIdx.x] = factor;
  for (int64_t i = threadIdx.x; i < width; i += kThreads) values[i] = __nv_fp8_e4m3(__fdiv_rn(to_float(x[i]), factor));
}

/// `f` gets a value of the element's type.
template <typename F>
void of_type(Element element, const F& f) {
  element == Element::float32 ? f(float{}) : f(__nv_bfloat16{});
}

}  // namespace

void launch_row_work(const RowWork& work, Element element, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>((work.rows + kWarpsPerBlock - 1) / kWarpsPerBlock);
  of_type(element, [&](auto type) { row_work<decltype(type)><<<blocks, kWarp * kWarpsPerBlock, 0, stream>>>(work); });
}

void launch_swiglu(const GatedRows& rows, Element element, cudaStream_t stream) {
  const int64_t wanted = (rows.rows * rows.width + kThreads - 1) / kThreads;
  const auto blocks = static_cast<unsigned>(wanted < 65535 ? wanted : 65535);
  of_type(element, [&](auto type) { swiglu<decltype(type)><<<blocks, kThreads, 0, stream>>>(rows); });
}

void launch_float8_rows(const void* x, void* values, float* scale, int64_t rows, int64_t width, Element element,
                        cudaStream_t stream) {
  of_type(element, [&](auto type) {
    using T = decltype(type);
    float8_rows<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(
        static_cast<const T*>(x), static_cast<__nv_fp8_e4m3*>(values), scale, width);
  });
}
