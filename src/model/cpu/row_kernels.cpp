// Compiled twice, with SINKSCOPE_ISA = portable or avx512. Nothing of the standard library in here: an inline function
// compiled for AVX-512 could be the one that the linker keeps for everybody.

#include "model/cpu/row_kernels.h"

namespace sinkscope::model::SINKSCOPE_ISA {
namespace {

constexpr int64_t kLanes = 16;      // partial sums, so that the order of a sum is the same on every machine
constexpr int64_t kTileRows = 512;  // of a tile that is transposed at once

float load(float x) {
  return x;
}
float load(uint16_t x) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(x) << 16);
}

template <typename T>
T store(float x);
template <>
float store<float>(float x) {
  return x;
}
/// To the nearest bfloat16, ties to even; a NaN stays one.
template <>
uint16_t store<uint16_t>(float x) {
  const auto bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(x != x ? 0x7fc0 : rounded);
}

/// exp of a value at most 0 (Cephes' reduction and polynomial, within 2 units in the last place; below -87 it is
/// e^-87).
float exp_of_negative(float x) {
  x = x < -87.0f ? -87.0f : x;
  const float n = __builtin_rintf(x * 1.44269504088896341f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * __builtin_bit_cast(float, (static_cast<int32_t>(n) + 127) << 23);
}

/// x / (1 + e^-x), from e^-|x| on both sides so that nothing overflows.
float silu(float x) {
  const float e = exp_of_negative(x < 0 ? x : -x);
  return x * ((x < 0 ? e : 1.0f) / (1.0f + e));
}

using Four = float __attribute__((vector_size(4 * sizeof(float))));
using Eight = float __attribute__((vector_size(8 * sizeof(float))));
using Sixteen = float __attribute__((vector_size(kLanes * sizeof(float))));

/// The lower half of x's lanes, which f has joined with the upper.
template <typename Half, typename Whole, typename F>
void fold(const Whole& x, const F& f, Half& low) {
  Half high;
  __builtin_memcpy(&low, &x, sizeof(low));
  __builtin_memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof(low), sizeof(high));
  f(low, high);
}

/// Of kLanes values, by halves, in registers: one after the other takes longer than a short row's exponentials.
template <typename F>
float fold_lanes(const float* lanes, const F& f) {
  Sixteen sixteen;
  Eight eight;
  Four four;
  __builtin_memcpy(&sixteen, lanes, sizeof(sixteen));
  fold(sixteen, f, eight);
  fold(eight, f, four);
  float even = four[0], odd = four[1];
  f(even, four[2]);
  f(odd, four[3]);
  f(even, odd);
  return even;
}

float sum_of(const float* lanes) {
  return fold_lanes(lanes, [](auto& a, const auto& b) { a += b; });
}

float largest_of(const float* lanes) {
  return fold_lanes(lanes, [](auto& a, const auto& b) { a = b > a ? b : a; });
}

template <typename T>
void add(const T* x, const T* y, int64_t count, T* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] = store<T>(load(x[i]) + load(y[i]));
}

/// The sum and the root in double: an error of the factor is the same for the whole row, so that no later sum averages
/// it away.
template <typename T>
void rms_norm(const T* x, const T* weight, float eps, int64_t width, T* __restrict out) {
  double lanes[kLanes] = {};
  const auto square = [&](int64_t i) { return static_cast<double>(load(x[i])) * static_cast<double>(load(x[i])); };
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += square(i + lane);
  }
  double squares = 0;
  for (const double lane : lanes) squares += lane;
  for (; i < width; ++i) squares += square(i);
  const double mean = squares / static_cast<double>(width) + static_cast<double>(eps);
  const auto factor = static_cast<float>(1.0 / __builtin_sqrt(mean));
  for (i = 0; i < width; ++i) out[i] = store<T>(load(weight[i]) * load(store<T>(load(x[i]) * factor)));
}

template <typename T>
void rotate(const T* x, const T* cos, const T* sin, int64_t width, T* __restrict out) {
  const int64_t half = width / 2;
  const auto turn = [&](int64_t i, float other) {
    out[i] = store<T>(load(store<T>(load(x[i]) * load(cos[i]))) + load(store<T>(other * load(sin[i]))));
  };
  for (int64_t i = 0; i < half; ++i) turn(i, -load(x[i + half]));  // two loops: the compiler makes vectors of each
  for (int64_t i = half; i < width; ++i) turn(i, load(x[i - half]));
}

template <typename T>
void swiglu(const T* gate, const T* up, int64_t count, T* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] = store<T>(load(store<T>(silu(load(gate[i])))) * load(up[i]));
}

template <typename T>
void scale(const float* x, float factor, int64_t count, T* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] = store<T>(x[i] * factor);
}

/// Lanes of an incomplete last vector are masked, not looped over: half of a short row lies there.
SoftmaxKernels::Row exponentials(float* scores, int64_t count, float scale) {
  float lanes[kLanes];
  for (float& lane : lanes) lane = scores[0];
  for (int64_t i = 0; i < count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      if (i + lane < count) lanes[lane] = scores[i + lane] > lanes[lane] ? scores[i + lane] : lanes[lane];
    }
  }
  const float largest = largest_of(lanes);
  for (float& lane : lanes) lane = 0;
  for (int64_t i = 0; i < count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      if (i + lane < count) lanes[lane] += scores[i + lane] = exp_of_negative((scores[i + lane] - largest) * scale);
    }
  }
  return {largest, sum_of(lanes)};
}

void transpose(const uint32_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint32_t* out) {
  for (int64_t c0 = 0; c0 < columns; c0 += kLanes) {
    const int64_t c1 = c0 + kLanes < columns ? c0 + kLanes : columns;
    for (int64_t r0 = 0; r0 < rows; r0 += kTileRows) {
      const int64_t r1 = r0 + kTileRows < rows ? r0 + kTileRows : rows;
      for (int64_t c = c0; c < c1; ++c) {
        for (int64_t r = r0; r < r1; ++r) out[c * rows + r] = in[r * in_stride + c];
      }
    }
  }
}

void pair_rows(const uint16_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint16_t* out) {
  for (int64_t r = 0; r < rows; r += 2) {
    const uint16_t* first = in + r * in_stride;
    const bool paired = r + 1 < rows;
    for (int64_t c = 0; c < columns; ++c) {
      out[r * columns + 2 * c] = first[c];
      out[r * columns + 2 * c + 1] = paired ? first[in_stride + c] : static_cast<uint16_t>(0);
    }
  }
}

}  // namespace

const RowKernels<float> kFloatRows = {add<float>, rms_norm<float>, rotate<float>, swiglu<float>, scale<float>};
const RowKernels<uint16_t> kBfloat16Rows = {add<uint16_t>, rms_norm<uint16_t>, rotate<uint16_t>, swiglu<uint16_t>,
                                            scale<uint16_t>};
const SoftmaxKernels kSoftmax = {exponentials, transpose, pair_rows};

}  // namespace sinkscope::model::SINKSCOPE_ISA
