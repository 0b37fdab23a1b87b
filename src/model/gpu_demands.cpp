#include "model/gpu_demands.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

constexpr int64_t kPack = 16;                                    // bytes
constexpr int64_t kWidestFlash = 256, kWidestEfficient = 65536;  // of a head

std::string spelled(int capability) {
  return fmt::format("{}.{}", capability / 10, capability % 10);
}

bool lies_in_packs(const at::Tensor& x) {
  if (x.size(-1) > 1 && x.stride(-1) != 1) return false;
  bool even = reinterpret_cast<uintptr_t>(x.const_data_ptr()) % kPack == 0;
  for (int64_t axis = 0; axis + 1 < x.dim(); ++axis) {
    even = even && (x.size(axis) == 1 || x.stride(axis) * x.element_size() % kPack == 0);
  }
  return even;
}

}  // namespace

AttentionWay attention_way(at::ScalarType dtype, int64_t d_head) {
  const bool half = dtype == at::kBFloat16 || dtype == at::kHalf;
  if (half && d_head <= kWidestFlash) return AttentionWay::flash;
  if ((half || dtype == at::kFloat) && d_head <= kWidestEfficient) return AttentionWay::efficient;
  return AttentionWay::by_parts;
}

at::Tensor in_packs(const at::Tensor& x) {
  return lies_in_packs(x) ? x : x.clone(at::MemoryFormat::Contiguous);
}

void check_capability(int capability, const std::string& what) {
  if (capability >= 80) return;
  throw InputError(fmt::format("{} has compute capability {}; expected 8.0 or newer", what, spelled(capability)));
}

void check_float8_capability(int capability, const std::string& device_name) {
  if (capability >= 89) return;
  throw InputError(
      fmt::format("--dtype fp8: {} has compute capability {}; expected 8.9 or newer, as float8 products need",
                  device_name, spelled(capability)));
}

void check_float8_weight(int64_t out, int64_t in) {
  if (out % 16 == 0 && in % 16 == 0) return;
  throw InputError(fmt::format(
      "--dtype fp8: a weight is [{}, {}]; expected multiples of 16, as float8 products on a GPU need", out, in));
}

void check_tf32_override(const char* value) {
  if (!value || std::strcmp(value, "0") == 0) return;
  throw InputError(fmt::format(
      "NVIDIA_TF32_OVERRIDE={}: NVIDIA's libraries would round float32 products to TF32 unasked; expected 0 "
      "or no such variable",
      value));
}

}  // namespace sinkscope::model
