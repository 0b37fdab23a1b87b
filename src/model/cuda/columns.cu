#include "model/cuda/columns.cuh"
#include "model/cuda/element.cuh"

namespace {

constexpr int kWarp = 32, kWarpsPerBlock = 8;

/// One warp a (sample, head, query); it goes through the keys, which are few.
template <typename T>
__global__ void columns_kernel(const T* q, HeadStrides q_strides, const T* k, HeadStrides k_strides, const float* lse,
                               const int64_t* keys, float* out, int64_t rows, int64_t tokens, int64_t n_heads,
                               int64_t group, int64_t d_head, int64_t n_keys, float scale) {
  const int64_t row = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / kWarp;
  if (row >= rows) return;
  const int lane = threadIdx.x % kWarp;
  const int64_t query = row % tokens, head = row / tokens % n_heads, sample = row / tokens / n_heads;
  const T* q_row = q + sample * q_strides.sample + query * q_strides.token + head * q_strides.head;
  for (int64_t i = 0; i < n_keys; ++i) {
    const int64_t key = keys[i];
    const T* k_row = k + sample * k_strides.sample + key * k_strides.token + head / group * k_strides.head;
    float sum = 0;
    for (int64_t d = lane; d < d_head; d += kWarp) sum += to_float(q_row[d]) * to_float(k_row[d]);
    for (int offset = kWarp / 2; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffff, sum, offset);
    if (lane == 0) out[row * n_keys + i] = key > query ? 0.f : expf(scale * sum - lse[row]);
  }
}

}  // namespace

void launch_columns(const void* q, HeadStrides q_strides, const void* k, HeadStrides k_strides, Element element,
                    const float* lse, const int64_t* keys, float* out, int64_t n, int64_t T, int64_t n_heads,
                    int64_t group, int64_t d_head, int64_t n_keys, float scale, cudaStream_t stream) {
  const int64_t rows = n * n_heads * T;
  const auto blocks = static_cast<unsigned>((rows + kWarpsPerBlock - 1) / kWarpsPerBlock);
  const auto launch = [&](auto* typed_q, auto* typed_k) {
    columns_kernel<<<blocks, kWarp * kWarpsPerBlock, 0, stream>>>(typed_q, q_strides, typed_k, k_strides, lse, keys,
                                                                  out, rows, T, n_heads, group, d_head, n_keys, scale);
  };
  if (element == Element::float32) {
    launch(static_cast<const float*>(q), static_cast<const float*>(k));
  } else {
    launch(static_cast<const __nv_bfloat16*>(q), static_cast<const __nv_bfloat16*>(k));
  }
}
