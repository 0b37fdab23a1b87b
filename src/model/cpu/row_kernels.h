#pragma once

#include <cstdint>

// Loops over rows of float32 or bfloat16 (as its 16 bits) on raw pointers. row_kernels.cpp is compiled twice, for any
// x86-64 and for AVX-512 machines; both give the same bits, since sums have a fixed order and nothing is contracted.

namespace sinkscope::model {

template <typename T>  // float or uint16_t, which holds bfloat16
struct RowKernels {
  /// out = x + y.
  void (*add)(const T* x, const T* y, int64_t count, T* out);
  /// RMSNorm of one row as transformers rounds it: float32 inside, the mean of
  /// squares in double; rounded to T before the weight multiplies.
  void (*rms_norm)(const T* x, const T* weight, float eps, int64_t width, T* out);
  /// x cos + (-second half, first half) sin, every product rounded to T.
  void (*rotate)(const T* x, const T* cos, const T* sin, int64_t width, T* out);
  /// SiLU(gate) up, SiLU rounded to T before it multiplies.
  void (*swiglu)(const T* gate, const T* up, int64_t count, T* out);
  /// out = x factor.
  void (*scale)(const float* x, float factor, int64_t count, T* out);
};

struct SoftmaxKernels {
  struct Row {
    float largest, sum;
  };
  /// Scores to exp(scale (score - largest)) in place; `largest` is given back unscaled, `sum` is of the new values.
  Row (*exponentials)(float* scores, int64_t count, float scale);
  /// rows x columns of 4-byte words, `in_stride` words between rows, to columns x rows.
  void (*transpose)(const uint32_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint32_t* out);
  /// Rows of 2-byte values laid in pairs, as a bfloat16 product wants its right-hand side: out[r / 2][c][r % 2]; an odd
  /// last row is paired with zeros.
  void (*pair_rows)(const uint16_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint16_t* out);
};

/// True on a machine with AVX-512 (F, BW, DQ, VL), where the library's block products run too; those of bfloat16 want
/// AVX512_BF16.
bool has_avx512();
bool has_avx512_bf16();

/// For the machine at hand; `portable` asks for the version that every x86-64 runs.
template <typename T>
const RowKernels<T>& row_kernels(bool portable = false);
const SoftmaxKernels& softmax_kernels(bool portable = false);

namespace portable {
extern const RowKernels<float> kFloatRows;
extern const RowKernels<uint16_t> kBfloat16Rows;
extern const SoftmaxKernels kSoftmax;
}  // namespace portable

namespace avx512 {
extern const RowKernels<float> kFloatRows;
extern const RowKernels<uint16_t> kBfloat16Rows;
extern const SoftmaxKernels kSoftmax;
}  // namespace avx512

}  // namespace sinkscope::model
