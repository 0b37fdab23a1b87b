#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "model/cuda/columns.cuh"

/// Residual sum, RMSNorm and rotary embedding of rows; twin of rms_norm, rotate, rms_norm_rotate and add_rms_norm.
struct RowWork {
  const void* x;       // row r at r / heads * stride + r % heads * width
  const void* y;       // [rows, width], added to x first, or null
  void* sum;           // [rows, width], x + y, or null
  const void* weight;  // [width], or null: no norm
  const void* cos;     // [tokens, width], or null: no rotation
  const void* sin;
  void* out;  // [rows, width]
  int64_t rows, width, heads, stride;
  int64_t tokens;  // row r belongs to token r / heads % tokens
  float eps;
};
void launch_row_work(const RowWork&, Element, cudaStream_t);

/// out [rows, width] = SiLU(gate) up, whose rows lie a stride apart; twin of swiglu.
struct GatedRows {
  const void* gate;
  const void* up;
  void* out;
  int64_t rows, width, gate_stride, up_stride;
};
void launch_swiglu(const GatedRows&, Element, cudaStream_t);

/// values [rows, width] float8_e4m3fn and scale [rows] of x [rows, width]; twin of float8_rows.
void launch_float8_rows(const void* x, void* values, float* scale, int64_t rows, int64_t width, Element, cudaStream_t);
