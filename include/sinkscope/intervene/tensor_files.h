#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sinkscope::intervene {

/// The .safetensors files that a list of trials names tensors of. Relative paths are of the folder that the list lies
/// in; an empty one is the working directory.
class TensorFiles {
 public:
  explicit TensorFiles(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  /// The tensor at {"file", "tensor"}, float64 on the CPU, with one axis or two. Throws InputError that begins with
  /// `where` and names file and tensor for what cannot be read, is no float tensor of that many axes, is empty or is
  /// not finite.
  at::Tensor read(const nlohmann::json& place, const std::string& where);

  /// Every file that was read, once, in the order of its first reading.
  const std::vector<std::filesystem::path>& paths() const { return paths_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> paths_;
};

}  // namespace sinkscope::intervene
