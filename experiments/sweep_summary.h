#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/text/tokenizer.h"

namespace sinkscope::experiments {

/// Scores of a whole sweep.
struct SweepScores {
  std::vector<int64_t> ids;
  at::Tensor score;     ///< [ids, samples] float64
  at::Tensor by_layer;  ///< [ids, L] float64
};

/// Score, spread, histogram, ranks and kinds as the result holds them; pieces and kinds are null without a tokenizer.
nlohmann::json summarize_sweep(const SweepScores&, const text::Tokenizer*);

/// {"mean", "score"}: attention to token 0 in the same runs; score [ids, samples].
nlohmann::json first_token_summary(const at::Tensor& score);

}  // namespace sinkscope::experiments
