#include <cuda_fp8.h>

#include "model/cuda/element.cuh"
#include "model/cuda/launch.cuh"
#include "model/cuda/pack.cuh"
#include "model/cuda/rows.cuh"

namespace {

/// L lanes a row. Products are rounded one by one (no fused multiply-add), as the plain operations round them.
template <typename T, int V, int L>
__global__ void row_work(RowWork r) {
  const unsigned row = blockIdx.x * (kThreads / L) + threadIdx.x / L;
  if (row >= r.rows) return;
  const auto heads = static_cast<unsigned>(r.heads);
  const int lane = threadIdx.x % L, packs = static_cast<int>(r.width) / V;
  const T* x = static_cast<const T*>(r.x) + row / heads * r.stride + row % heads * r.width;
  T* out = static_cast<T*>(r.out) + row * r.width;
  const T* weight = static_cast<const T*>(r.weight);
  float squares = 0;
  const auto add_squares = [&](const Pack<T, V>& a) {
    for (int v = 0; v < V; ++v) squares += to_float(a.values[v]) * to_float(a.values[v]);
  };
  if (r.sum) {  // a lane writes what only it reads again
    const T* y = static_cast<const T*>(r.y) + row * r.width;
    T* sum = static_cast<T*>(r.sum) + row * r.width;
    for (int i = lane; i < packs; i += L) {
      const auto a = constant_pack_of<V>(x, i), b = constant_pack_of<V>(y, i);
      Pack<T, V> both;
      for (int v = 0; v < V; ++v) {
        both.values[v] = from_float<T>(__fadd_rn(to_float(a.values[v]), to_float(b.values[v])));
      }
      pack_of<V>(sum, i) = both;
      add_squares(both);
    }
    x = sum;
  } else if (weight) {
    for (int i = lane; i < packs; i += L) add_squares(constant_pack_of<V>(x, i));
  }
  const float factor = weight ? rsqrtf(sum_over_lanes<L>(squares) / static_cast<float>(r.width) + r.eps) : 1;
  const auto normed = [&](int i) {
    auto a = pack_of<V>(x, i);
    if (!weight) return a;
    const auto w = constant_pack_of<V>(weight, i);
    for (int v = 0; v < V; ++v) {
      const float scaled = rounded<T>(__fmul_rn(to_float(a.values[v]), factor));
      a.values[v] = from_float<T>(__fmul_rn(to_float(w.values[v]), scaled));
    }
    return a;
  };
  if (!r.cos) {
    for (int i = lane; i < packs; i += L) pack_of<V>(out, i) = normed(i);
    return;
  }
  const int64_t angles = row / heads % static_cast<unsigned>(r.tokens) * r.width;
  const T* cos = static_cast<const T*>(r.cos) + angles;
  const T* sin = static_cast<const T*>(r.sin) + angles;
  /// a cos + sign b sin
  const auto turned = [&](const Pack<T, V>& a, const Pack<T, V>& b, float sign, int i) {
    const auto c = constant_pack_of<V>(cos, i), s = constant_pack_of<V>(sin, i);
    Pack<T, V> sum;
    for (int v = 0; v < V; ++v) {
      const float straight = rounded<T>(__fmul_rn(to_float(a.values[v]), to_float(c.values[v])));
      const float across = rounded<T>(__fmul_rn(sign * to_float(b.values[v]), to_float(s.values[v])));
      sum.values[v] = from_float<T>(__fadd_rn(straight, across));
    }
    return sum;
  };
  const int half = packs / 2;
  for (int i = lane; i < half; i += L) {
    const auto first = normed(i), second = normed(i + half);
    pack_of<V>(out, i) = turned(first, second, -1, i);
    pack_of<V>(out, i + half) = turned(second, first, 1, i + half);
  }
}

template <typename T, int V>
__global__ void swiglu(GatedRows r) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= r.width / V) return;
  for (int64_t row = blockIdx.y; row < r.rows; row += gridDim.y) {
    const auto gate = pack_of<V>(static_cast<const T*>(r.gate) + row * r.gate_stride, i);
    const auto up = pack_of<V>(static_cast<const T*>(r.up) + row * r.up_stride, i);
    Pack<T, V> both;
    for (int v = 0; v < V; ++v) {
      const float x = to_float(gate.values[v]);
      both.values[v] = from_float<T>(__fmul_rn(rounded<T>(x / (1.0f + expf(-x))), to_float(up.values[v])));
    }
    pack_of<V>(static_cast<T*>(r.out) + row * r.width, i) = both;
  }
}

/// One block a row.
template <typename T, int V>
__global__ void float8_rows(const T* x, __nv_fp8_e4m3* values, float* scale, int64_t width) {
  __shared__ float largest[kThreads / kWarp];
  x += blockIdx.x * width;
  values += blockIdx.x * width;
  float mine = 0;
  for (int64_t i = threadIdx.x; i < width / V; i += kThreads) {
    const auto a = pack_of<V>(x, i);
    for (int v = 0; v < V; ++v) mine = fmaxf(mine, fabsf(to_float(a.values[v])));
  }
  for (int offset = kWarp / 2; offset > 0; offset /= 2) mine = fmaxf(mine, __shfl_xor_sync(0xffffffff, mine, offset));
  if (threadIdx.x % kWarp == 0) largest[threadIdx.x / kWarp] = mine;
  __syncthreads();
  for (const float other : largest) mine = fmaxf(mine, other);
  const float factor = fmaxf(__fdiv_rn(mine, 448.0f), 1e-12f);
  if (threadIdx.x == 0) scale[blockIdx.x] = factor;
  for (int64_t i = threadIdx.x; i < width / V; i += kThreads) {
    const auto a = pack_of<V>(x, i);
    Pack<__nv_fp8_e4m3, V> small;
    for (int v = 0; v < V; ++v) small.values[v] = __nv_fp8_e4m3(__fdiv_rn(to_float(a.values[v]), factor));
    pack_of<V>(values, i) = small;
  }
}

}  // namespace

/// The packs of a row come in pairs, for a rotation turns one half with the other.
void launch_row_work(const RowWork& w, Element element, cudaStream_t stream) {
  of_type(element, [&](auto type) {
    using T = decltype(type);
    const auto can = [&](int V) {
      return w.width % (2 * V) == 0 &&
             can_pack<T>(V, {w.x, w.y, w.sum, w.weight, w.cos, w.sin, w.out}, {w.stride, w.width});
    };
    with_pack<T>(can, [&](auto V) {
      with_lanes(w.width / V, [&](auto L) {
        constexpr int kRows = kThreads / L;
        launch(row_work<T, V, L>, static_cast<unsigned>((w.rows + kRows - 1) / kRows), kThreads, stream, w);
      });
    });
  });
}

void launch_swiglu(const GatedRows& r, Element element, cudaStream_t stream) {
  of_type(element, [&](auto type) {
    using T = decltype(type);
    const auto can = [&](int V) {
      return can_pack<T>(V, {r.gate, r.up, r.out}, {r.width, r.gate_stride, r.up_stride});
    };
    with_pack<T>(can, [&](auto V) {
      const dim3 blocks(static_cast<unsigned>((r.width / V + kThreads - 1) / kThreads),
                        static_cast<unsigned>(r.rows < 65535 ? r.rows : 65535));
      launch(swiglu<T, V>, blocks, kThreads, stream, r);
    });
  });
}

void launch_float8_rows(const void* x, void* values, float* scale, int64_t rows, int64_t width, Element element,
                        cudaStream_t stream) {
  of_type(element, [&](auto type) {
    using T = decltype(type);
    const auto can = [&](int V) { return can_pack<T>(V, {x}, {width}) && can_pack<char>(V, {values}, {}); };
    with_pack<T>(can, [&](auto V) {
      launch(float8_rows<T, V>, static_cast<unsigned>(rows), kThreads, stream, static_cast<const T*>(x),
             static_cast<__nv_fp8_e4m3*>(values), scale, width);
    });
  });
}
