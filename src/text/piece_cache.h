#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// The ids of pieces that came before, for a text in which most come again: a table with open addressing that is looked
/// up once a piece, its texts and ids each in one run of memory.
class PieceCache {
 public:
  static constexpr size_t kLongest = 64;  ///< longer pieces are rare and not remembered
  static constexpr size_t kMost = 1 << 18;

  PieceCache() : cells_(kFirst) {}

  /// The ids, or null data where the piece is not there.
  std::span<const int64_t> find(std::string_view piece) const {
    const auto& cell = cells_[place_of(piece, hash_of(piece))];
    if (cell.hash == 0) return {};
    return {ids_.data() + cell.ids_at, cell.ids_size};
  }

  /// Remembers what has room, of a piece that is not there.
  void put(std::string_view piece, std::span<const int64_t> ids) {
    if (piece.size() > kLongest || count_ >= kMost) return;
    if (2 * ++count_ > cells_.size()) grow();
    const uint64_t hash = hash_of(piece);
    cells_[place_of(piece, hash)] = {hash, static_cast<uint32_t>(texts_.size()), static_cast<uint32_t>(ids_.size()),
                                     static_cast<uint32_t>(piece.size()), static_cast<uint32_t>(ids.size())};
    texts_ += piece;
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  }

 private:
  static constexpr size_t kFirst = 64;

  struct Cell {
    uint64_t hash = 0;  // 0: empty
    uint32_t text_at = 0, ids_at = 0, text_size = 0, ids_size = 0;
  };

  static uint64_t hash_of(std::string_view piece) { return std::hash<std::string_view>()(piece) | 1; }

  /// Where the piece is, or where it belongs.
  size_t place_of(std::string_view piece, uint64_t hash) const {
    size_t place = hash >> 1 & (cells_.size() - 1);
    while (cells_[place].hash != 0 && !holds(cells_[place], piece, hash)) place = (place + 1) & (cells_.size() - 1);
    return place;
  }

  bool holds(const Cell& cell, std::string_view piece, uint64_t hash) const {
    return cell.hash == hash && std::string_view(texts_).substr(cell.text_at, cell.text_size) == piece;
  }

  void grow() {
    const auto before = std::move(cells_);
    cells_.assign(4 * before.size(), {});
    for (const auto& cell : before) {
      if (cell.hash != 0)
        cells_[place_of(std::string_view(texts_).substr(cell.text_at, cell.text_size), cell.hash)] = cell;
    }
  }

  std::vector<Cell> cells_;
  std::string texts_;
  std::vector<int64_t> ids_;
  size_t count_ = 0;
};

}  // namespace sinkscope::text
