#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::model {

/// One tensor as a safetensors header declares it.
struct TensorEntry {
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  ///< bytes, from the header's end
};

struct SafetensorsHeader {
  std::map<std::string, TensorEntry> tensors;
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  ///< where the tensors' bytes begin in the file
};

/// Reads and checks the header at the start of a file of `file_bytes` bytes, of which `bytes` holds at least the
/// header. Throws InputError that starts with `where`.
SafetensorsHeader parse_safetensors_header(std::string_view bytes, uint64_t file_bytes, const std::string& where);

/// Length of the header text that a file's first 8 bytes announce, checked against the file's size.
uint64_t header_length(std::string_view first_bytes, uint64_t file_bytes, const std::string& where);

}  // namespace sinkscope::model
