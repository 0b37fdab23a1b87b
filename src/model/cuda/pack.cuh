#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

/// V neighbours that a thread reads or writes in one instruction.
template <typename T, int V>
struct alignas(V * sizeof(T)) Pack {
  T values[V];
};

template <int V, typename T>
__device__ const Pack<T, V>& pack_of(const T* row, int64_t i) {
  return reinterpret_cast<const Pack<T, V>*>(row)[i];
}
template <int V, typename T>
__device__ Pack<T, V>& pack_of(T* row, int64_t i) {
  return reinterpret_cast<Pack<T, V>*>(row)[i];
}

/// Whether all rows begin where packs of V do: `steps` are the lengths, in elements, that rows lie apart.
template <typename T>
bool can_pack(int64_t V, std::initializer_list<const void*> rows, std::initializer_list<int64_t> steps) {
  bool can = true;
  for (const void* row : rows) can = can && reinterpret_cast<uintptr_t>(row) % (V * sizeof(T)) == 0;
  for (const int64_t step : steps) can = can && step % V == 0;
  return can;
}

template <int V>
using Width = std::integral_constant<int, V>;
