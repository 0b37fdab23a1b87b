#include "sinkscope/app/vocabulary_ids.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/text/token_kinds.h"

namespace sinkscope::app {

using nlohmann::json;

std::vector<int64_t> vocabulary_ids(const IdChoice& choice, const model::Config& config,
                                    const text::Tokenizer* tokenizer) {
  const int64_t rows = config.vocab_size;
  std::vector<int64_t> ids;
  if (choice.list != "all") {
    ids = parse_int_list(choice.list, "--ids");
    for (const int64_t id : ids) {
      if (id < 0 || id >= rows)
        throw InputError(
            fmt::format("--ids: expected ids below the embedding's {} rows (0 to {}), found {}", rows, rows - 1, id));
    }
    std::set<int64_t> seen;
    for (const int64_t id : ids) {
      if (!seen.insert(id).second) throw InputError(fmt::format("--ids: {} is listed twice", id));
    }
    return ids;
  }
  for (int64_t id = 0; id < rows; ++id) {
    if (choice.unused_rows || !tokenizer || tokenizer->has(id)) ids.push_back(id);
  }
  return ids;
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
