#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "element.cuh"

/// Element strides of a [n, T, heads, h] tensor whose last axis is contiguous.
struct HeadStrides {
  int64_t sample, token, head;
};

/// out[n, H, T, keys] = exp(scale q·k - lse), 0 where key > query; twin of attention_columns in attention.cpp.
/// `keys` holds `n_keys` token indices on the device; lse is [n, H, T] contiguous. Sums in float32.
void launch_columns(const void* q, HeadStrides q_strides, const void* k, HeadStrides k_strides, Element,
                    const float* lse, const int64_t* keys, float* out, int64_t n, int64_t T, int64_t n_heads,
                    int64_t group, int64_t d_head, int64_t n_keys, float scale, cudaStream_t);
