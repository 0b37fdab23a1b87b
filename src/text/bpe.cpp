#include "text/bpe.h"

#include <queue>

namespace sinkscope::text {
namespace {

/// A symbol of the piece in a doubly linked list; a merged-away one has length 0.
struct Symbol {
  int64_t id;
  int32_t previous, next;
  bool alive;
};

struct Candidate {
  uint32_t rank;
  int32_t left;
  int64_t left_id, right_id, merged;
  bool operator<(const Candidate& other) const {  // the queue gives the largest: lowest rank, then leftmost
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

Bpe::Bpe(std::array<int64_t, 256> id_of_byte, Merges merges, std::unordered_map<std::string, int64_t> whole)
    : id_of_byte_(id_of_byte), merges_(std::move(merges)), whole_(std::move(whole)) {}

void Bpe::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (!whole_.empty()) {
    if (const auto found = whole_.find(std::string(piece)); found != whole_.end()) return ids.push_back(found->second);
  }
  std::vector<Symbol> symbols(piece.size());
  const auto count = static_cast<int32_t>(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    symbols[i] = {id_of_byte_[static_cast<unsigned char>(piece[i])], i - 1, i + 1 < count ? i + 1 : -1, true};
  }
  std::priority_queue<Candidate> queue;
  const auto consider = [&](int32_t left) {
    if (left < 0 || symbols[left].next < 0) return;
    const int64_t a = symbols[left].id, b = symbols[symbols[left].next].id;
    if (const auto merge = merges_.find(pair(a, b)); merge != merges_.end())
      queue.push({merge->second.rank, left, a, b, merge->second.id});
  };
  for (int32_t i = 0; i + 1 < count; ++i) consider(i);
  while (!queue.empty()) {
    const auto best = queue.top();
    queue.pop();
    auto& left = symbols[best.left];
    if (!left.alive || left.next < 0 || left.id != best.left_id || symbols[left.next].id != best.right_id) continue;
    auto& right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.alive = false;
    if (left.next >= 0) symbols[left.next].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
  for (int32_t i = 0; i >= 0 && i < count; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace sinkscope::text
