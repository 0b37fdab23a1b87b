#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// What the CUDA module gives the program, by C names that dlsym finds. It is built where nvcc is and opened only when
/// a GPU is asked for; opening it registers libtorch's CUDA kernels.
extern "C" {

/// GPUs that this process sees; -1 with a reason in `sinkscope_cuda_error` where the driver fails.
int sinkscope_cuda_device_count();
const char* sinkscope_cuda_error();

/// Writes the device's name, at most `size` bytes with its end.
void sinkscope_cuda_device_name(int device, char* name, int size);

/// Free bytes on the device, and all that it has; -1 where the driver fails.
int64_t sinkscope_cuda_free_memory(int device);
int64_t sinkscope_cuda_total_memory(int device);

/// Most bytes that tensors took so far.
int64_t sinkscope_cuda_peak_memory(int device);

void sinkscope_cuda_synchronize(int device);

/// 90 for compute capability 9.0; -1 where the driver fails.
int sinkscope_cuda_capability(int device);

/// attention_columns on a GPU: q [n, T, H, h], k [n, T, K, h] (float32 or bfloat16), lse [n, H, T] float32, keys [keys]
/// int64, all on one device, `scale` that of the scores; writes out [n, H, T, keys] float32.
void sinkscope_cuda_columns(const at::Tensor& q, const at::Tensor& k, const at::Tensor& lse, const at::Tensor& keys,
                            double scale, at::Tensor& out);

/// rms_norm, rotate, rms_norm_rotate or add_rms_norm on a GPU, all tensors of one dtype, all contiguous but x [rows,
/// heads, width], whose rows may lie anywhere. y and sum, of x's shape, undefined: nothing is added; weight [width]
/// undefined: no norm; cos and sin [tokens, width] undefined: no rotation, otherwise x's row r is of token r % tokens.
void sinkscope_cuda_row_work(const at::Tensor& x, const at::Tensor& y, const at::Tensor& sum, const at::Tensor& weight,
                             double eps, const at::Tensor& cos, const at::Tensor& sin, int64_t tokens, at::Tensor& out);

/// out = SiLU(gate) up on a GPU, of one dtype: gate and up [rows, width] with rows anywhere, out contiguous.
void sinkscope_cuda_swiglu(const at::Tensor& gate, const at::Tensor& up, at::Tensor& out);

/// float8_rows on a GPU: x [rows, width] and values contiguous, scale [rows] float32.
void sinkscope_cuda_float8_rows(const at::Tensor& x, at::Tensor& values, at::Tensor& scale);
}
