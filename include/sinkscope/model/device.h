#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

/// "cpu", "cuda", "cuda:1" or "auto" (the first GPU where there is one, else the CPU). Asking for a GPU opens the
/// CUDA module (libsinkscope_cuda.so beside the program); what is missing is an InputError in one line.
c10::Device open_device(const std::string& name);

/// "NVIDIA H200" or the processor's model name.
std::string device_name(c10::Device);

/// Waits until the device has done all that was asked of it; nothing to wait for on a CPU.
void synchronize(c10::Device);

/// Bytes free for tensors on the device (CPU: MemAvailable of /proc/meminfo).
int64_t free_memory(c10::Device);

/// The CUDA module's kernels; arguments as in cuda_module.h. Call after open_device gave a GPU.
at::Tensor cuda_columns(const at::Tensor& q, const at::Tensor& k, const at::Tensor& lse, const at::Tensor& keys);
at::Tensor cuda_norm_and_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable&);
at::Tensor cuda_swiglu(const at::Tensor& gate, const at::Tensor& up);

}  // namespace sinkscope::model
