#pragma once

#include <cstdint>
#include <vector>

namespace sinkscope::text::models {

/// Which pairs of ids merge, with which rank and into which id: a table with open addressing, since it is asked for
/// every pair of neighbours.
class Merges {
 public:
  struct Merge {
    uint32_t rank;
    int32_t id;
  };

  explicit Merges(size_t count) {
    size_t size = 16;
    while (size < 2 * count) size *= 2;
    cells_.resize(size, {kEmpty, {}});
  }

  /// A pair that is there already takes the later rank.
  void put(int32_t left, int32_t right, Merge merge) {
    const uint64_t key = key_of(left, right);
    auto& cell = cells_[place_of(key)];
    cell = {key, merge};
  }

  const Merge* find(int32_t left, int32_t right) const {
    const auto& cell = cells_[place_of(key_of(left, right))];
    return cell.key == kEmpty ? nullptr : &cell.merge;
  }

 private:
  struct Cell {
    uint64_t key;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = ~uint64_t{0};

  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }

  /// Where the key is, or where it belongs.
  size_t place_of(uint64_t key) const {
    constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
    size_t place = (key * kGolden) >> 32 & (cells_.size() - 1);
    while (cells_[place].key != kEmpty && cells_[place].key != key) place = (place + 1) & (cells_.size() - 1);
    return place;
  }

  std::vector<Cell> cells_;
};

}  // namespace sinkscope::text::models
