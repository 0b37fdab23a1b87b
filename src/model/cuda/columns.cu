#include "model/cuda/columns.cuh"
#include "model/cuda/element.cuh"
#include "model/cuda/pack.cuh"

namespace {

constexpr int kWarp = 32, kWarpsPerBlock = 8;

/// One warp a (sample, head, query); it goes through the keys, which are few.
template <typename T, int V>
__global__ void columns_kernel(const T* q, HeadStrides q_strides, const T* k, HeadStrides k_strides, const float* lse,
                               const int64_t* keys, float* out, int tokens, int group, int d_head, int64_t n_keys,
                               float scale) {
  const int query = blockIdx.x * kWarpsPerBlock + threadIdx.x / kWarp, head = blockIdx.y, sample = blockIdx.z;
  if (query >= tokens) return;
  const int lane = threadIdx.x % kWarp;
  const int64_t row = (int64_t{sample} * gridDim.y + head) * tokens + query;
  const T* q_row = q + sample * q_strides.sample + query * q_strides.token + head * q_strides.head;
  const T* k_head = k + sample * k_strides.sample + head / group * k_strides.head;
  for (int64_t i = 0; i < n_keys; ++i) {
    const int64_t key = keys[i];
    float sum = 0;
    for (int d = lane; d < d_head / V; d += kWarp) {
      const auto a = pack_of<V>(q_row, d), b = pack_of<V>(k_head + key * k_strides.token, d);
      for (int v = 0; v < V; ++v) sum += to_float(a.values[v]) * to_float(b.values[v]);
    }
    for (int offset = kWarp / 2; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffff, sum, offset);
    if (lane == 0) out[row * n_keys + i] = key > query ? 0.f : expf(scale * sum - lse[row]);
  }
}

template <typename T>
void launch(const T* q, HeadStrides a, const T* k, HeadStrides b, const float* lse, const int64_t* keys, float* out,
            int64_t n, int64_t T_, int64_t n_heads, int64_t group, int64_t d_head, int64_t n_keys, float scale,
            cudaStream_t stream) {
  const dim3 blocks(static_cast<unsigned>((T_ + kWarpsPerBlock - 1) / kWarpsPerBlock), static_cast<unsigned>(n_heads),
                    static_cast<unsigned>(n));
  const auto run = [&](auto width) {
    columns_kernel<T, width><<<blocks, kWarp * kWarpsPerBlock, 0, stream>>>(
        q, a, k, b, lse, keys, out, static_cast<int>(T_), static_cast<int>(group), static_cast<int>(d_head), n_keys,
        scale);
  };
  can_pack<T>(4, {q, k}, {d_head, a.sample, a.token, a.head, b.sample, b.token, b.head}) ? run(Width<4>{})
                                                                                         : run(Width<1>{});
}

}  // namespace

void launch_columns(const void* q, HeadStrides q_strides, const void* k, HeadStrides k_strides, Element element,
                    const float* lse, const int64_t* keys, float* out, int64_t n, int64_t T, int64_t n_heads,
                    int64_t group, int64_t d_head, int64_t n_keys, float scale, cudaStream_t stream) {
  const auto of_type = [&](auto type) {
    using Value = decltype(type);
    launch(static_cast<const Value*>(q), q_strides, static_cast<const Value*>(k), k_strides, lse, keys, out, n, T,
           n_heads, group, d_head, n_keys, scale, stream);
  };
  element == Element::float32 ? of_type(float{}) : of_type(__nv_bfloat16{});
}
