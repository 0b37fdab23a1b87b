#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sinkscope::model {

/// A safetensors file, memory-mapped and fully checked when opened: header length, strict JSON, dtypes, shapes
/// against offsets, no holes, overlaps, duplicates or trailing bytes. Source of the rules: the safetensors format.
class SafetensorsFile {
 public:
  /// Throws InputError that names the file and the tensor.
  static SafetensorsFile open(const std::filesystem::path& file);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const;
  const std::vector<int64_t>& shape(const std::string& name) const;

  /// A view of the mapped bytes where they are aligned (a copy where not); it keeps the map alive.
  at::Tensor tensor(const std::string& name) const;

  /// The header's `__metadata__`.
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct Map;
  std::shared_ptr<const Map> map_;
};

/// Writes tensors in the given order through a temporary file and rename; throws std::runtime_error when it fails.
void write_safetensors(const std::filesystem::path& file,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace sinkscope::model
