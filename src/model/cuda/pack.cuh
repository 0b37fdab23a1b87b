#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <type_traits>

/// V neighbours that a thread reads or writes in one instruction.
template <typename T, int V>
struct alignas(V * sizeof(T)) Pack {
  T values[V];
};

template <int V, typename T>
__device__ Pack<T, V>& pack_of(T* row, int64_t i) {
  return reinterpret_cast<Pack<T, V>*>(row)[i];
}
template <int V, typename T>
__device__ const Pack<T, V>& pack_of(const T* row, int64_t i) {
  return reinterpret_cast<const Pack<T, V>*>(row)[i];
}

/// The same from memory that the kernel does not write: such reads need not wait for the writes before them.
template <int V, typename T>
__device__ Pack<T, V> constant_pack_of(const T* row, int64_t i) {
  constexpr size_t kBytes = V * sizeof(T);
  using Small = std::conditional_t<kBytes == 4, int, short>;
  using Word = std::conditional_t<kBytes == 16, int4, std::conditional_t<kBytes == 8, int2, Small>>;
  static_assert(sizeof(Word) == kBytes);
  const Word word = __ldg(reinterpret_cast<const Word*>(row) + i);
  Pack<T, V> pack;
  memcpy(&pack, &word, kBytes);
  return pack;
}

/// Whether all rows begin where packs of V do: `steps` are the lengths, in elements, that rows lie apart.
template <typename T>
bool can_pack(int64_t V, std::initializer_list<const void*> rows, std::initializer_list<int64_t> steps) {
  bool can = true;
  for (const void* row : rows) can = can && reinterpret_cast<uintptr_t>(row) % (V * sizeof(T)) == 0;
  for (const int64_t step : steps) can = can && step % V == 0;
  return can;
}

constexpr int kWarp = 32, kThreads = 256;

/// Sum over L neighbouring lanes of a warp, all of which are here; every one gets it.
template <int L>
__device__ float sum_over_lanes(float x) {
  const unsigned lanes = L == kWarp ? 0xffffffff : ((1u << L % kWarp) - 1) << threadIdx.x % kWarp / L * L;
  for (int offset = L / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(lanes, x, offset);
  return x;
}

template <int N>
using Number = std::integral_constant<int, N>;

/// `f` gets the length of a pack as a Number: as many as are read at once, 4, or 1.
template <typename T, typename Can, typename F>
void with_pack(const Can& can, const F& f) {
  constexpr int kWidest = 16 / sizeof(T);
  if (can(kWidest)) {
    f(Number<kWidest>{});
  } else {
    can(4) ? f(Number<4>{}) : f(Number<1>{});
  }
}

/// `f` gets how many lanes share a row of so many packs: a whole warp one that is long.
template <typename F>
void with_lanes(int64_t packs, const F& f) {
  packs >= 2 * kWarp ? f(Number<kWarp>{}) : f(Number<8>{});
}
