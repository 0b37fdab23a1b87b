#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "columns.cuh"

/// RMSNorm and rotary embedding of contiguous rows, either or both; twin of rms_norm, rotate and rms_norm_rotate.
struct RowsToNormAndRotate {
  const void* x;       // [rows, width]
  const void* weight;  // [width], or null: no norm
  const void* cos;     // [tokens, width], or null: no rotation
  const void* sin;
  void* out;
  int64_t rows, width;
  int64_t heads, tokens;  // row r belongs to token r / heads % tokens
  float eps;
};
void launch_norm_and_rotate(const RowsToNormAndRotate&, Element, cudaStream_t);

/// out = SiLU(gate) up, `count` elements; twin of swiglu.
void launch_swiglu(const void* gate, const void* up, void* out, int64_t count, Element, cudaStream_t);
