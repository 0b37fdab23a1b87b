#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
  const std::string& dtype(const std::string& name) const;  ///< as the format spells it: "BF16"

  /// A view of the mapped bytes where they are aligned (a copy where not); it keeps the map alive.
  at::Tensor tensor(const std::string& name) const;

  /// Has the kernel read a tensor's pages from the disk; returns when the reading is under way.
  void will_read(const std::string& name) const;

  /// Gives back the memory of a tensor's mapped pages; reading it again reads the file again.
  void drop_pages(const std::string& name) const;

  /// The header's `__metadata__`.
  const std::map<std::string, std::string>& metadata() const;

  int64_t bytes() const;

 private:
  struct Map;
  std::shared_ptr<const Map> map_;
};

/// A tensor that is made when its turn comes, so that a large file needs the memory of one.
struct TensorToWrite {
  std::string name;
  std::vector<int64_t> shape;
  at::ScalarType dtype;
  std::function<at::Tensor()> make;
};

/// Writes tensors in the given order through a temporary file and rename; throws std::runtime_error when it fails.
void write_safetensors(const std::filesystem::path& file, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata);
void write_safetensors(const std::filesystem::path& file,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace sinkscope::model
