#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <limits>

#include "model/cuda/columns.cuh"
#include "model/cuda/rows.cuh"
#include "sinkscope/model/cuda_module.h"

namespace {

constexpr int64_t kMostBlocks = 65535;                              // of a grid's second and third axis
constexpr int64_t kMostRows = std::numeric_limits<int32_t>::max();  // a kernel counts in 32 bits

cudaError_t last_error = cudaSuccess;

HeadStrides strides_of(const at::Tensor& x) {
  return {x.stride(0), x.stride(1), x.stride(2)};
}

/// The kernels trust what they are given; who calls them has to know their types and the ends of a grid.
Element element_of(const at::Tensor& x) {
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16,
              "our CUDA kernels take float32 and bfloat16, not ", x.scalar_type());
  return x.scalar_type() == at::kFloat ? Element::float32 : Element::bfloat16;
}

const void* data_or_null(const at::Tensor& x) {
  return x.defined() ? x.const_data_ptr() : nullptr;
}

at::Tensor dense_last(const at::Tensor& x) {
  return x.stride(-1) == 1 ? x : x.contiguous();
}

}  // namespace

int sinkscope_cuda_device_count() {
  int count = 0;
  last_error = cudaGetDeviceCount(&count);
  return last_error == cudaSuccess ? count : -1;
}

const char* sinkscope_cuda_error() {
  return cudaGetErrorString(last_error);
}

void sinkscope_cuda_device_name(int device, char* name, int size) {
  cudaDeviceProp properties{};
  last_error = cudaGetDeviceProperties(&properties, device);
  std::snprintf(name, static_cast<size_t>(size), "%s", last_error == cudaSuccess ? properties.name : "unknown GPU");
}

int sinkscope_cuda_capability(int device) {
  cudaDeviceProp properties{};
  last_error = cudaGetDeviceProperties(&properties, device);
  return last_error == cudaSuccess ? properties.major * 10 + properties.minor : -1;
}

int64_t sinkscope_cuda_free_memory(int device) {
  const c10::cuda::CUDAGuard on(static_cast<c10::DeviceIndex>(device));
  size_t free = 0, total = 0;
  last_error = cudaMemGetInfo(&free, &total);
  return last_error == cudaSuccess ? static_cast<int64_t>(free) : -1;
}

int64_t sinkscope_cuda_total_memory(int device) {
  cudaDeviceProp properties{};
  last_error = cudaGetDeviceProperties(&properties, device);
  return last_error == cudaSuccess ? static_cast<int64_t>(properties.totalGlobalMem) : -1;
}

int64_t sinkscope_cuda_peak_memory(int device) {
  using c10::CachingAllocator::StatType;
  if (!c10::cuda::CUDACachingAllocator::get()->initialized()) return 0;  // no tensor was made yet
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(device));
  return stats.allocated_bytes[static_cast<size_t>(StatType::AGGREGATE)].peak;
}

void sinkscope_cuda_synchronize(int device) {
  const c10::cuda::CUDAGuard on(static_cast<c10::DeviceIndex>(device));
  C10_CUDA_CHECK(cudaDeviceSynchronize());
}

void sinkscope_cuda_columns(const at::Tensor& q_any, const at::Tensor& k_any, const at::Tensor& lse_any,
                            const at::Tensor& keys, double scale, at::Tensor& out) {
  const auto q = dense_last(q_any), k = dense_last(k_any), lse = lse_any.contiguous();
  TORCH_CHECK(q.size(0) <= kMostBlocks && q.size(2) <= kMostBlocks && k.scalar_type() == q.scalar_type(), "columns of ",
              q.size(0), " samples and ", q.size(2), " heads: a grid ends at ", kMostBlocks);
  const c10::cuda::CUDAGuard on(q.device());
  launch_columns(q.data_ptr(), strides_of(q), k.data_ptr(), strides_of(k), element_of(q), lse.data_ptr<float>(),
                 keys.data_ptr<int64_t>(), out.data_ptr<float>(), q.size(0), q.size(1), q.size(2),
                 q.size(2) / k.size(2), q.size(3), keys.numel(), static_cast<float>(scale),
                 c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void sinkscope_cuda_row_work(const at::Tensor& x, const at::Tensor& y, const at::Tensor& sum, const at::Tensor& weight,
                             double eps, const at::Tensor& cos, const at::Tensor& sin, int64_t tokens,
                             at::Tensor& out) {
  TORCH_CHECK(x.size(0) * x.size(1) <= kMostRows, x.size(0) * x.size(1), " rows: a CUDA kernel takes ", kMostRows);
  const c10::cuda::CUDAGuard on(x.device());
  launch_row_work({.x = x.const_data_ptr(),
                   .y = data_or_null(y),
                   .sum = sum.defined() ? sum.mutable_data_ptr() : nullptr,
                   .weight = data_or_null(weight),
                   .cos = data_or_null(cos),
                   .sin = data_or_null(sin),
                   .out = out.mutable_data_ptr(),
                   .rows = x.size(0) * x.size(1),
                   .width = x.size(2),
                   .heads = x.size(1),
                   .stride = x.stride(0),
                   .tokens = tokens,
                   .eps = static_cast<float>(eps)},
                  element_of(x), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void sinkscope_cuda_swiglu(const at::Tensor& gate, const at::Tensor& up, at::Tensor& out) {
  const c10::cuda::CUDAGuard on(gate.device());
  launch_swiglu({.gate = gate.const_data_ptr(),
                 .up = up.const_data_ptr(),
                 .out = out.mutable_data_ptr(),
                 .rows = gate.size(0),
                 .width = gate.size(1),
                 .gate_stride = gate.stride(0),
                 .up_stride = up.stride(0)},
                element_of(gate), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void sinkscope_cuda_float8_rows(const at::Tensor& x, at::Tensor& values, at::Tensor& scale) {
  TORCH_CHECK(x.size(0) <= kMostRows, x.size(0), " rows: a CUDA kernel takes ", kMostRows);
  const c10::cuda::CUDAGuard on(x.device());
  launch_float8_rows(x.const_data_ptr(), values.mutable_data_ptr(), scale.mutable_data_ptr<float>(), x.size(0),
                     x.size(1), element_of(x), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}
