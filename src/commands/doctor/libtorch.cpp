// The libtorch that is loaded, and what it makes of the processor.

#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "app/build_info.h"
#include "commands/doctor/finding.h"
#include "sinkscope/model/device.h"

namespace sinkscope::commands::checkup {
namespace {

/// "2.11.0" of "..., TORCH_VERSION=2.11.0, ..."; "" where it does not say.
std::string loaded_version() {
  constexpr std::string_view kName = "TORCH_VERSION=";
  const auto config = at::show_config();
  const auto at = config.find(kName);
  if (at == std::string::npos) return "";
  const auto start = at + kName.size();
  return config.substr(start, config.find_first_not_of("0123456789.", start) - start);
}

std::string loaded_from() {
  Dl_info found{};
  return dladdr(reinterpret_cast<const void*>(&at::show_config), &found) != 0 ? found.dli_fname : "";
}

Finding version() {
  const auto loaded = loaded_version();
  Finding finding{"libtorch", State::ok, fmt::format("{}, {}", loaded.empty() ? app::kLibtorch : loaded, loaded_from()),
                  ""};
  if (loaded.empty() || loaded == app::kLibtorch) return finding;
  finding.state = State::fails;
  finding.found = fmt::format("built against {}, loaded {} from {}", app::kLibtorch, loaded, loaded_from());
  finding.mend = "build again with scripts/build.sh, or take the other libtorch out of LD_LIBRARY_PATH";
  return finding;
}

bool has_flag(const std::string& flag) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("flags")) return (line + " ").find(" " + flag + " ") != std::string::npos;
  }
  return false;
}

Finding processor() {
  const auto capability = at::get_cpu_capability();
  const bool has_bfloat16 = has_flag("avx512_bf16") || has_flag("amx_bf16");
  Finding finding{"processor", State::ok,
                  fmt::format("{}; kernels for {}; bfloat16 {}", model::device_name(at::kCPU), capability,
                              has_bfloat16 ? "in hardware" : "by float32: half the memory, no faster"),
                  ""};
  if (capability != "DEFAULT" && capability != "NO AVX") return finding;
  finding.state = State::note;
  finding.mend = std::getenv("ATEN_CPU_CAPABILITY") ? "unset ATEN_CPU_CAPABILITY"
                                                    : "a processor with AVX2 or AVX512 is several times faster";
  return finding;
}

}  // namespace

Findings look_at_libtorch() {
  return {version(), processor()};
}

}  // namespace sinkscope::commands::checkup
