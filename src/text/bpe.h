#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sinkscope::text {

/// Byte-pair encoding over bytes: the pair with the lowest rank merges first, the leftmost of equal ones.
class Bpe {
 public:
  /// `id_of_byte`: every byte's own token. A pair of ids merges with this rank into this id.
  struct Merge {
    uint32_t rank;
    int64_t id;
  };
  using Merges = std::unordered_map<uint64_t, Merge>;

  static uint64_t pair(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
  }

  /// `whole`: pieces that are tokens as they stand (`ignore_merges`); may be empty.
  Bpe(std::array<int64_t, 256> id_of_byte, Merges merges, std::unordered_map<std::string, int64_t> whole);

  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

 private:
  std::array<int64_t, 256> id_of_byte_;
  Merges merges_;
  std::unordered_map<std::string, int64_t> whole_;
};

}  // namespace sinkscope::text
