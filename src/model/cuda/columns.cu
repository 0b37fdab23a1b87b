#include "model/cuda/columns.cuh"
#include "model/cuda/element.cuh"
#include "model/cuda/launch.cuh"
#include "model/cuda/pack.cuh"

namespace {

template <typename T>
struct Columns {
  const T* q;
  const T* k;
  HeadStrides q_strides, k_strides;
  const float* lse;
  const int64_t* keys;
  float* out;
  int tokens, group, d_head;
  int64_t n_keys;
  float scale;
};

/// L lanes a (sample, head, query); they go through the keys, which are few.
template <typename T, int V, int L>
__global__ void columns_kernel(Columns<T> c) {
  const int query = blockIdx.x * (kThreads / L) + threadIdx.x / L, head = blockIdx.y, sample = blockIdx.z;
  if (query >= c.tokens) return;
  const int lane = threadIdx.x % L;
  const int64_t row = (int64_t{sample} * gridDim.y + head) * c.tokens + query;
  const T* q = c.q + sample * c.q_strides.sample + query * c.q_strides.token + head * c.q_strides.head;
  const T* k = c.k + sample * c.k_strides.sample + head / c.group * c.k_strides.head;
  for (int64_t i = 0; i < c.n_keys; ++i) {
    const int64_t key = c.keys[i];
    float sum = 0;
    for (int d = lane; d < c.d_head / V; d += L) {
      const auto a = constant_pack_of<V>(q, d), b = constant_pack_of<V>(k + key * c.k_strides.token, d);
      for (int v = 0; v < V; ++v) sum += to_float(a.values[v]) * to_float(b.values[v]);
    }
    sum = sum_over_lanes<L>(sum);
    if (lane == 0) c.out[row * c.n_keys + i] = key > query ? 0.f : expf(c.scale * sum - c.lse[row]);
  }
}

}  // namespace

void launch_columns(const void* q, HeadStrides q_strides, const void* k, HeadStrides k_strides, Element element,
                    const float* lse, const int64_t* keys, float* out, int64_t n, int64_t T, int64_t n_heads,
                    int64_t group, int64_t d_head, int64_t n_keys, float scale, cudaStream_t stream) {
  of_type(element, [&](auto type) {
    using Value = decltype(type);
    const Columns<Value> columns{static_cast<const Value*>(q),
                                 static_cast<const Value*>(k),
                                 q_strides,
                                 k_strides,
                                 lse,
                                 keys,
                                 out,
                                 static_cast<int>(T),
                                 static_cast<int>(group),
                                 static_cast<int>(d_head),
                                 n_keys,
                                 scale};
    const auto can = [&](int V) {
      return can_pack<Value>(V, {q, k},
                             {d_head, q_strides.sample, q_strides.token, q_strides.head, k_strides.sample,
                              k_strides.token, k_strides.head});
    };
    with_pack<Value>(can, [&](auto V) {
      with_lanes(d_head / V, [&](auto L) {
        constexpr int kQueries = kThreads / L;
        const dim3 blocks(static_cast<unsigned>((T + kQueries - 1) / kQueries), static_cast<unsigned>(n_heads),
                          static_cast<unsigned>(n));
        launch(columns_kernel<Value, V, L>, blocks, kThreads, stream, columns);
      });
    });
  });
}
