#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/text/tokenizer.h"

namespace sinkscope::experiments {

/// What became of every id that was first. The residual is read at L + 1 places: after the embedding and every block.
struct Atlas {
  std::vector<int64_t> ids;
  at::Tensor norm, max_abs, max_dimension;      ///< [ids, L + 1], of the residual
  at::Tensor key_norm, value_norm, key_cosine;  ///< [ids, L], means over key heads
  at::Tensor mean, mean_abs, mean_square;       ///< [L + 1, D] over ids, of the residual
};

/// The block of the vocabulary's largest growth, the ids whose norm does not grow there, quantiles of the norm by
/// layer, and the arrays of one value per id.
nlohmann::json summarize_atlas(const Atlas&, const text::Tokenizer*);

/// What these numbers mean, for a result's `metrics`.
nlohmann::json atlas_metric_definitions();

}  // namespace sinkscope::experiments
