// Memory that is free, and the largest published shapes that run in it; on a GPU, too.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>

#include "commands/doctor/finding.h"
#include "commands/doctor/need.h"
#include "sinkscope/error.h"
#include "sinkscope/model/allocation.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/random_checkpoint.h"

namespace sinkscope::commands::checkup {
namespace {

constexpr double kLittle = 1e9;  // bytes: less than the smallest models take

/// The published shape with most parameters that runs in so many bytes; "none".
std::string largest(double bytes, at::ScalarType dtype) {
  std::string best = "none";
  double most = 0;
  for (const auto& name : model::known_shapes()) {
    const double need = bytes_to_run(model::known_shape(name), dtype);
    if (need > bytes || need <= most) continue;
    most = need;
    best = name;
  }
  return best;
}

std::string spelled(double bytes) {
  return fmt::format("{:.1f} GB free; of known shapes runs {} in float32, {} in bfloat16", bytes * 1e-9,
                     largest(bytes, at::kFloat), largest(bytes, at::kBFloat16));
}

/// A driver is there: then a GPU was meant to be used.
bool has_driver() {
  return std::filesystem::exists("/proc/driver/nvidia/version") || std::filesystem::exists("/dev/nvidiactl");
}

}  // namespace

Findings look_at_memory() {
  const auto memory = model::free_host_memory();
  const auto bytes = static_cast<double>(memory.amount);
  Finding finding{"memory", State::ok, spelled(bytes), ""};
  if (memory.by != "machine") finding.found += fmt::format("; by {}", memory.by);
  if (bytes >= kLittle) return {finding};
  finding.state = State::note;
  finding.mend = memory.by == "machine" ? "end other processes" : "ask for more memory (sbatch --mem=...)";
  return {finding};
}

Findings look_at_gpu() {
  try {
    const auto device = model::open_device("cuda");
    const auto bytes = static_cast<double>(model::free_memory(device));
    return {{"GPU", State::ok, fmt::format("{}, {}", model::device_name(device), spelled(bytes)), ""}};
  } catch (const std::exception& e) {
    std::string why = e.what();
    if (why.starts_with("--device cuda: ")) why = why.substr(15);
    if (!has_driver()) return {{"GPU", State::ok, "no NVIDIA driver: runs are on the CPU", ""}};
    return {{"GPU", State::fails, why,
             "docs/gpu.md: nvcc on the PATH while building, a driver for its CUDA, a GPU that "
             "CUDA_VISIBLE_DEVICES shows; or --device cpu"}};
  }
}

}  // namespace sinkscope::commands::checkup
