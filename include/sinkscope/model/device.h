#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

namespace sinkscope::model {

/// "cpu", "cuda", "cuda:1" or "auto" (a GPU where there is one, else the CPU). "cuda" and "auto" take the GPU of the
/// process's `local_rank` on its node, counted around the visible ones. Asking for a GPU opens the CUDA module
/// (libsinkscope_cuda.so beside the program); what is missing, a GPU older than compute capability 8.0 and
/// NVIDIA_TF32_OVERRIDE are an InputError in one line.
c10::Device open_device(const std::string& name, int64_t local_rank = 0);

/// How products round, set at every open_device: float32 ones in float32 without TF32, and sums of bfloat16 products in
/// float32 where a library splits them, too. Neither libtorch's defaults nor its environment variables decide.
void fix_products();

/// Calls exp and log once, from one thread, as every open_device does. libtorch has them from MKL on a CPU, which
/// chooses its code at the first call: made by two threads at once, that leaves one of them, in 2 of 100 processes on a
/// busy machine, with results that are off by 5e-5 until the process ends.
void start_vector_math();

/// As libtorch's context has it.
struct ProductNumerics {
  bool tf32, bf16_reduction;
};
ProductNumerics product_numerics();

/// x on the device. From a CPU to a GPU through pinned memory: a plain copy waits for all that the GPU has to do.
at::Tensor send(const at::Tensor& x, c10::Device);

/// "NVIDIA H200" or the processor's model name.
std::string device_name(c10::Device);

/// An InputError where the device is a GPU without float8 products (compute capability below 8.9).
void check_float8(c10::Device);

/// Waits until the device has done all that was asked of it; nothing to wait for on a CPU.
void synchronize(c10::Device);

/// Bytes free for tensors on the device (CPU: what the machine or a cgroup leaves, allocation.h), and all that it has.
int64_t free_memory(c10::Device);
int64_t total_memory(c10::Device);

/// Most bytes that this process's tensors took on the device (CPU: its largest resident set).
int64_t peak_memory(c10::Device);

/// The CUDA module's kernels; arguments as in cuda_module.h. Call after open_device gave a GPU.
at::Tensor cuda_columns(const at::Tensor& q, const at::Tensor& k, const at::Tensor& lse, const at::Tensor& keys,
                        double scale);
void cuda_row_work(const at::Tensor& x, const at::Tensor& y, const at::Tensor& sum, const at::Tensor& weight,
                   double eps, const at::Tensor& cos, const at::Tensor& sin, int64_t tokens, at::Tensor& out);
void cuda_swiglu(const at::Tensor& gate, const at::Tensor& up, at::Tensor& out);
void cuda_float8_rows(const at::Tensor& x, at::Tensor& values, at::Tensor& scale);

}  // namespace sinkscope::model
