#include "sinkscope/model/device.h"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "model/gpu_demands.h"
#include "sinkscope/error.h"
#include "sinkscope/model/allocation.h"
#include "sinkscope/model/cuda_module.h"

namespace sinkscope::model {
namespace {

/// The opened CUDA module, or why it could not be opened.
struct CudaModule {
  void* handle = nullptr;
  std::string error;
};

/// Beside the program, in the lib folder of an installed one, or above the tests and benchmarks of a build; empty where
/// it is in none of them.
std::filesystem::path module_file(const std::filesystem::path& folder) {
  const auto above = folder.parent_path();
  for (const auto& place : {folder, above / "lib", above, above.parent_path()}) {
    if (auto file = place / "libsinkscope_cuda.so"; std::filesystem::exists(file)) return file;
  }
  return {};
}

const CudaModule& cuda_module() {
  static const CudaModule opened = [] {
    CudaModule module;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const auto file = module_file(folder);
    if (file.empty()) {
      module.error = fmt::format("{} does not exist: build sinkscope where nvcc is on the PATH",
                                 (folder / "libsinkscope_cuda.so").string());
      return module;
    }
    module.handle = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!module.handle) module.error = dlerror();
    return module;
  }();
  return opened;
}

template <typename F>
F* cuda_symbol(const char* name) {
  return reinterpret_cast<F*>(dlsym(cuda_module().handle, name));
}

/// Number of usable GPUs; sets `why` where it is zero.
int count_gpus(std::string& why) {
  const auto& module = cuda_module();
  if (!module.handle) {
    why = module.error;
    return 0;
  }
  const int count = cuda_symbol<decltype(sinkscope_cuda_device_count)>("sinkscope_cuda_device_count")();
  if (count > 0) return count;
  why = count < 0 ? cuda_symbol<decltype(sinkscope_cuda_error)>("sinkscope_cuda_error")() : "no GPU is visible";
  return 0;
}

int capability_of(c10::Device device) {
  return cuda_symbol<decltype(sinkscope_cuda_capability)>("sinkscope_cuda_capability")(device.index());
}

c10::Device gpu_of_rank(int count, int64_t local_rank) {
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank % count)};
}

c10::Device gpu(const std::string& name, int64_t local_rank) {
  int index = 0;
  if (name != "cuda") {
    const char* end = name.data() + name.size();
    const auto [after, error] = std::from_chars(name.data() + 5, end, index);
    if (error != std::errc{} || after != end || index < 0) {
      throw InputError(fmt::format("--device {}: expected auto, cpu, cuda or cuda:N", name));
    }
  }
  std::string why;
  const int count = count_gpus(why);
  if (count == 0) throw InputError(fmt::format("--device {}: {}", name, why));
  if (name == "cuda") return gpu_of_rank(count, local_rank);
  if (index >= count) throw InputError(fmt::format("--device {}: {} GPUs are visible", name, count));
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

c10::Device find_device(const std::string& name, int64_t local_rank) {
  if (name == "cpu") return c10::kCPU;
  if (name == "auto") {
    std::string why;
    const int count = count_gpus(why);
    return count > 0 ? gpu_of_rank(count, local_rank) : c10::Device(c10::kCPU);
  }
  if (name == "cuda" || name.starts_with("cuda:")) return gpu(name, local_rank);
  throw InputError(fmt::format("--device {}: expected auto, cpu, cuda or cuda:N", name));
}

std::string field_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    return colon == std::string::npos ? "" : line.substr(line.find_first_not_of(" \t", colon + 1));
  }
  return "";
}

}  // namespace

c10::Device open_device(const std::string& name, int64_t local_rank) {
  fix_products();
  start_vector_math();
  const auto device = find_device(name, local_rank);
  if (device.is_cpu()) return device;
  check_tf32_override(std::getenv("NVIDIA_TF32_OVERRIDE"));
  check_capability(capability_of(device), fmt::format("--device {}: {}", name, device_name(device)));
  return device;
}

void fix_products() {
  auto& context = at::globalContext();
  context.setFloat32MatmulPrecision("highest");
  context.setAllowTF32CuDNN(false);
  context.setAllowBF16ReductionCuBLAS(false);
}

void start_vector_math() {
  for (const auto dtype : {at::kFloat, at::kDouble}) at::ones({8}, dtype).exp().log();
}

ProductNumerics product_numerics() {
  const auto& context = at::globalContext();
  return {.tf32 = context.float32MatmulPrecision() != at::Float32MatmulPrecision::HIGHEST,
          .bf16_reduction =
              context.allowBF16ReductionCuBLAS() == at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK};
}

at::Tensor send(const at::Tensor& x, c10::Device device) {
  if (device.is_cpu() || !x.is_cpu()) return x.to(device);
  auto pinned = at::empty(x.sizes(), x.options().pinned_memory(true));
  pinned.copy_(x);
  return pinned.to(device, /*non_blocking=*/true);
}

std::string device_name(c10::Device device) {
  if (device.is_cpu()) return field_of("/proc/cpuinfo", "model name");
  std::array<char, 256> name{};
  cuda_symbol<decltype(sinkscope_cuda_device_name)>("sinkscope_cuda_device_name")(device.index(), name.data(),
                                                                                  name.size());
  return name.data();
}

void check_float8(c10::Device device) {
  if (device.is_cpu()) return;
  check_float8_capability(capability_of(device), device_name(device));
}

void synchronize(c10::Device device) {
  if (device.is_cpu()) return;
  cuda_symbol<decltype(sinkscope_cuda_synchronize)>("sinkscope_cuda_synchronize")(device.index());
}

int64_t free_memory(c10::Device device) {
  if (device.is_cpu()) return free_host_memory().amount;
  return cuda_symbol<decltype(sinkscope_cuda_free_memory)>("sinkscope_cuda_free_memory")(device.index());
}

int64_t total_memory(c10::Device device) {
  if (device.is_cpu()) return std::atoll(field_of("/proc/meminfo", "MemTotal").c_str()) * 1024;
  return cuda_symbol<decltype(sinkscope_cuda_total_memory)>("sinkscope_cuda_total_memory")(device.index());
}

int64_t peak_memory(c10::Device device) {
  if (device.is_cpu()) return std::atoll(field_of("/proc/self/status", "VmHWM").c_str()) * 1024;
  return cuda_symbol<decltype(sinkscope_cuda_peak_memory)>("sinkscope_cuda_peak_memory")(device.index());
}

at::Tensor cuda_columns(const at::Tensor& q, const at::Tensor& k, const at::Tensor& lse, const at::Tensor& keys,
                        double scale) {
  auto out = at::empty({q.size(0), q.size(2), q.size(1), keys.numel()}, lse.options());
  cuda_symbol<decltype(sinkscope_cuda_columns)>("sinkscope_cuda_columns")(q, k, lse, keys, scale, out);
  return out;
}

void cuda_row_work(const at::Tensor& x, const at::Tensor& y, const at::Tensor& sum, const at::Tensor& weight,
                   double eps, const at::Tensor& cos, const at::Tensor& sin, int64_t tokens, at::Tensor& out) {
  cuda_symbol<decltype(sinkscope_cuda_row_work)>("sinkscope_cuda_row_work")(x, y, sum, weight, eps, cos, sin, tokens,
                                                                            out);
}

void cuda_swiglu(const at::Tensor& gate, const at::Tensor& up, at::Tensor& out) {
  cuda_symbol<decltype(sinkscope_cuda_swiglu)>("sinkscope_cuda_swiglu")(gate, up, out);
}

void cuda_float8_rows(const at::Tensor& x, at::Tensor& values, at::Tensor& scale) {
  cuda_symbol<decltype(sinkscope_cuda_float8_rows)>("sinkscope_cuda_float8_rows")(x, values, scale);
}

}  // namespace sinkscope::model
