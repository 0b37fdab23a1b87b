#include <type_traits>

#include "element.cuh"
#include "rows.cuh"

namespace {

constexpr int kWarp = 32, kWarpsPerBlock = 8, kThreads = 256;

/// One warp a row. Products are rounded one by one (no fused multiply-add), as the plain operations round them.
template <typename T>
__global__ void norm_and_rotate(RowsToNormAndRotate r) {
  const int64_t row = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / kWarp;
  if (row >= r.rows) return;
  const int lane = threadIdx.x % kWarp;
  const T* x = static_cast<const T*>(r.x) + row * r.width;
  T* out = static_cast<T*>(r.out) + row * r.width;
  const T* weight = static_cast<const T*>(r.weight);

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
__global__ void swiglu(const T* gate, const T* up, T* out, int64_t count) {
  const int64_t stride = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const float x = to_float(gate[i]);
    out[i] = from_float<T>(__fmul_rn(rounded<T>(x / (1.0f + expf(-x))), to_float(up[i])));
  }
}

}  // namespace

void launch_norm_and_rotate(const RowsToNormAndRotate& rows, Element element, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>((rows.rows + kWarpsPerBlock - 1) / kWarpsPerBlock);
  if (element == Element::float32) {
    norm_and_rotate<float><<<blocks, kWarp * kWarpsPerBlock, 0, stream>>>(rows);
  } else {
    norm_and_rotate<__nv_bfloat16><<<blocks, kWarp * kWarpsPerBlock, 0, stream>>>(rows);
  }
}

void launch_swiglu(const void* gate, const void* up, void* out, int64_t count, Element element, cudaStream_t stream) {
  const int64_t wanted = (count + kThreads - 1) / kThreads;
  const auto blocks = static_cast<unsigned>(wanted < 65535 ? wanted : 65535);
  const auto launch = [&](auto* typed_gate) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(typed_gate)>>;
    swiglu<<<blocks, kThreads, 0, stream>>>(typed_gate, static_cast<const T*>(up), static_cast<T*>(out), count);
  };
  if (element == Element::float32) {
    launch(static_cast<const float*>(gate));
  } else {
    launch(static_cast<const __nv_bfloat16*>(gate));
  }
}
