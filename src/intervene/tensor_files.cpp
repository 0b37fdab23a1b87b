#include "sinkscope/intervene/tensor_files.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "intervene/edit_json.h"
#include "sinkscope/error.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::intervene {
namespace {

at::Tensor tensor_of(const std::filesystem::path& path, const std::string& name) {
  const auto file = model::SafetensorsFile::open(path);
  const auto of = [&] { return fmt::format("{}: tensor '{}'", path.string(), name); };
  if (!file.has(name)) {
    throw InputError(fmt::format("{}: no tensor is named '{}'; the nearest is '{}'", path.string(), name,
                                 nearest(name, file.names())));
  }
  const auto& dtype = file.dtype(name);
  if (dtype != "F32" && dtype != "F64" && dtype != "F16" && dtype != "BF16") {
    throw InputError(fmt::format("{}: expected floats (F32, F64, F16 or BF16), found {}", of(), dtype));
  }
  const auto& shape = file.shape(name);
  if (shape.empty() || shape.size() > 2 || std::count(shape.begin(), shape.end(), 0) > 0) {
    throw InputError(fmt::format("{}: expected one axis or two, of numbers, found [{}]", of(), fmt::join(shape, ", ")));
  }
  auto numbers = file.tensor(name).to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  if (!numbers.isfinite().all().item<bool>())
    throw InputError(fmt::format("{}: holds numbers that are not finite", of()));
  return numbers;
}

}  // namespace

at::Tensor TensorFiles::read(const nlohmann::json& place, const std::string& where) {
  check_keys(place, where, {"file", "tensor"});
  const auto path = folder_ / text_at(place, "file", where);
  const auto name = text_at(place, "tensor", where);
  try {
    auto numbers = tensor_of(path, name);
    if (std::find(paths_.begin(), paths_.end(), path) == paths_.end()) paths_.push_back(path);
    return numbers;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace sinkscope::intervene
