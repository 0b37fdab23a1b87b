#include "text/models/bpe.h"

#include <fmt/format.h>

#include <queue>

#include "sinkscope/error.h"
#include "text/byte_level.h"
#include "text/code_points.h"

namespace sinkscope::text::models {
namespace {

/// A symbol in a doubly linked list.
struct Node {
  int32_t id, previous, next;
  bool is_alive;
};

struct Candidate {
  uint32_t rank;
  int32_t left, merged;
  bool operator<(const Candidate& other) const {  // the queue gives the largest: lowest rank, then leftmost
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

/// The vocabulary's tokens by their bytes; tokens of other characters are not found by a piece.
Vocabulary by_bytes(const Vocabulary& vocabulary) {
  Vocabulary found;
  for (const auto& [token, id] : vocabulary) {
    if (auto bytes = bytes_of_symbols(token)) found[std::move(*bytes)] = id;
  }
  return found;
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, Merges merges, BpeSettings settings)
    : vocabulary_(std::move(vocabulary)),
      settings_(std::move(settings)),
      merges_(std::move(merges)),
      bytes_(byte_tokens(vocabulary_)) {
  const auto unknown = vocabulary_.find(settings_.unknown.value_or(""));
  if (settings_.unknown && unknown != vocabulary_.end()) unknown_ = static_cast<int32_t>(unknown->second);
}

void Bpe::tokenize(std::string_view piece, std::vector<int64_t>& ids) const {
  if (settings_.takes_whole_pieces) {
    if (const auto found = vocabulary_.find(piece); found != vocabulary_.end()) return ids.push_back(found->second);
  }
  Symbols symbols;
  symbols.reserve(piece.size());
  symbols_of(piece, symbols);
  if (symbols.size() > 1) merge(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Bpe::symbols_of(std::string_view piece, Symbols& symbols) const {
  bool pending = false;
  std::string decorated;
  for (size_t at = 0; at < piece.size();) {
    const size_t start = at;
    next_character(piece, at);
    auto symbol = piece.substr(start, at - start);
    if (!settings_.prefix.empty() || !settings_.suffix.empty()) {
      decorated = start > 0 ? settings_.prefix : "";
      decorated += symbol;
      if (at == piece.size()) decorated += settings_.suffix;
      symbol = decorated;
    }
    if (const auto found = vocabulary_.find(symbol); found != vocabulary_.end())
      add(found->second, symbols, pending);
    else
      add_unknown(symbol, symbols, pending);
  }
  end_unknown(symbols, pending);
}

void Bpe::add(int64_t id, Symbols& symbols, bool& pending) const {
  end_unknown(symbols, pending);
  symbols.push_back(static_cast<int32_t>(id));
}

void Bpe::add_unknown(std::string_view symbol, Symbols& symbols, bool& pending) const {
  if (settings_.falls_back_to_bytes && falls_back(symbol, symbols)) return;  // before what is pending, as the package
  if (!settings_.unknown) return;
  if (unknown_ < 0)
    throw InputError(
        fmt::format("'{}' is no token, and neither is the unknown token '{}'", symbol, *settings_.unknown));
  if (!settings_.fuses_unknown) end_unknown(symbols, pending);
  pending = true;
}

void Bpe::end_unknown(Symbols& symbols, bool& pending) const {
  if (pending) symbols.push_back(unknown_);
  pending = false;
}

bool Bpe::falls_back(std::string_view symbol, Symbols& symbols) const {
  for (const char byte : symbol) {
    if (bytes_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (const char byte : symbol) symbols.push_back(static_cast<int32_t>(bytes_[static_cast<unsigned char>(byte)]));
  return true;
}

void Bpe::merge(Symbols& symbols) const {
  const auto count = static_cast<int32_t>(symbols.size());
  std::vector<Node> nodes(symbols.size());
  for (int32_t i = 0; i < count; ++i) nodes[i] = {symbols[i], i - 1, i + 1 < count ? i + 1 : -1, true};
  std::priority_queue<Candidate> queue;
  const auto consider = [&](int32_t left) {
    if (left < 0 || nodes[left].next < 0) return;
    if (const auto* merge = merges_.find(nodes[left].id, nodes[nodes[left].next].id))
      queue.push({merge->rank, left, merge->id});
  };
  for (int32_t i = 0; i + 1 < count; ++i) consider(i);
  while (!queue.empty()) {
    const auto best = queue.top();
    queue.pop();
    auto& left = nodes[best.left];
    if (!left.is_alive || left.next < 0) continue;
    // The pair may have changed since; it counts if it still becomes the same token, as in the package.
    const auto* now = merges_.find(left.id, nodes[left.next].id);
    if (!now || now->id != best.merged) continue;
    auto& right = nodes[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.is_alive = false;
    if (left.next >= 0) nodes[left.next].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
  symbols.clear();
  for (int32_t i = 0; i >= 0; i = nodes[i].next) symbols.push_back(nodes[i].id);
}

ByteBpe::ByteBpe(const Vocabulary& vocabulary, Merges merges, BpeSettings settings)
    : Bpe(vocabulary, std::move(merges), std::move(settings)) {
  for (size_t byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary.find(symbol_of_byte(static_cast<unsigned char>(byte)));
    id_of_byte_[byte] = found == vocabulary.end() ? -1 : static_cast<int32_t>(found->second);
  }
  vocabulary_ = by_bytes(vocabulary);
}

void ByteBpe::symbols_of(std::string_view piece, Symbols& symbols) const {
  bool pending = false;
  for (const char byte : piece) {
    const auto value = static_cast<unsigned char>(byte);
    if (id_of_byte_[value] >= 0)
      add(id_of_byte_[value], symbols, pending);
    else
      add_unknown(symbol_of_byte(value), symbols, pending);
  }
  end_unknown(symbols, pending);
}

}  // namespace sinkscope::text::models
