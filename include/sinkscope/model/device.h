#pragma once

#include <c10/core/Device.h>

#include <string>

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

}  // namespace sinkscope::model
