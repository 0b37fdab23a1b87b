#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::app {

/// What `--ids` and `--unused-rows` ask for.
struct IdChoice {
  std::string list = "all";
  bool unused_rows = false;
  int64_t seed = 0;  ///< of `random:N`
};

constexpr const char* kIdsHelp = "a list such as 0,5-9; all: the tokenizer's; or random:N, that many of all, by --seed";

/// The ids of a pass over the vocabulary: a list as it stands; of `all` those that the tokenizer has, or every row of
/// the embedding without a tokenizer or with unused rows; of `random:N` that many of these, drawn without replacement
/// and sorted. Throws InputError for an id that has no row, and for more ids than there are.
std::vector<int64_t> vocabulary_ids(const IdChoice&, const model::Config&, const text::Tokenizer*);

/// A token's readable piece; null for a row that no token has, and without a tokenizer.
nlohmann::json piece_of(int64_t id, const text::Tokenizer*);

/// Piece and kind of every id; null without a tokenizer.
nlohmann::json pieces_of(const std::vector<int64_t>& ids, const text::Tokenizer*);
nlohmann::json kinds_of(const std::vector<int64_t>& ids, const text::Tokenizer*);

}  // namespace sinkscope::app
