#include "sinkscope/app/vocabulary_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/text/token_kinds.h"

namespace sinkscope::app {
namespace {

using nlohmann::json;

constexpr std::string_view kRandom = "random:";

std::vector<int64_t> listed_ids(const std::string& list, int64_t rows) {
  const auto ids = parse_int_list(list, "--ids");
  std::set<int64_t> seen;
  for (const int64_t id : ids) {
    if (id < 0 || id >= rows)
      throw InputError(
          fmt::format("--ids: expected ids below the embedding's {} rows (0 to {}), found {}", rows, rows - 1, id));
    if (!seen.insert(id).second) throw InputError(fmt::format("--ids: {} is listed twice", id));
  }
  return ids;
}

std::vector<int64_t> all_ids(const IdChoice& choice, int64_t rows, const text::Tokenizer* tokenizer) {
  std::vector<int64_t> ids;
  for (int64_t id = 0; id < rows; ++id) {
    if (choice.unused_rows || !tokenizer || tokenizer->has(id)) ids.push_back(id);
  }
  return ids;
}

std::vector<int64_t> drawn(std::vector<int64_t> ids, int64_t count, uint64_t seed) {
  if (count < 1 || count > static_cast<int64_t>(ids.size()))
    throw InputError(fmt::format("--ids random:{}: expected 1 to {} ids", count, ids.size()));
  std::mt19937_64 generator(seed);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) std::swap(ids[i], ids[i + generator() % (ids.size() - i)]);
  ids.resize(static_cast<size_t>(count));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

std::vector<int64_t> vocabulary_ids(const IdChoice& choice, const model::Config& config,
                                    const text::Tokenizer* tokenizer) {
  if (choice.list == "all") return all_ids(choice, config.vocab_size, tokenizer);
  if (!choice.list.starts_with(kRandom)) return listed_ids(choice.list, config.vocab_size);
  const auto count = parse_int(std::string_view(choice.list).substr(kRandom.size()), "--ids random");
  return drawn(all_ids(choice, config.vocab_size, tokenizer), count, static_cast<uint64_t>(choice.seed));
}

json piece_of(int64_t id, const text::Tokenizer* tokenizer) {
  return tokenizer && tokenizer->has(id) ? json(tokenizer->piece(id)) : json();
}

json pieces_of(const std::vector<int64_t>& ids, const text::Tokenizer* tokenizer) {
  if (!tokenizer) return {};
  auto pieces = json::array();
  for (const int64_t id : ids) pieces.push_back(piece_of(id, tokenizer));
  return pieces;
}

json kinds_of(const std::vector<int64_t>& ids, const text::Tokenizer* tokenizer) {
  if (!tokenizer) return {};
  auto kinds = json::array();
  for (const int64_t id : ids) {
    kinds.push_back(tokenizer->has(id) ? text::token_kind(tokenizer->bytes(id), tokenizer->is_special(id)) : "other");
  }
  return kinds;
}

}  // namespace sinkscope::app
