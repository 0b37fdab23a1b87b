#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "sinkscope/text/tokenizer.h"

namespace sinkscope::experiments::sweep {

/// The ids' texts and kinds (token_kinds.h), one value per id; both null without a tokenizer.
struct Names {
  nlohmann::json pieces, kinds;
};
Names names_of(const std::vector<int64_t>& ids, const text::Tokenizer*);

/// Scores of a whole sweep.
struct Scores {
  std::vector<int64_t> ids;
  std::vector<double> score;   ///< [ids]
  std::vector<double> spread;  ///< [ids]; NaN where the score is predicted
  double mean = 0, sd = 0;     ///< of the scores, over ids
  std::vector<double> counts;  ///< of the histogram; none: counted from the scores
  at::Tensor by_layer;         ///< [rows, L] float64: every id, or a random set of them
};

/// Edges of the histogram's bins, from the least to the largest score.
std::vector<double> histogram_edges(const std::vector<double>& scores);

/// Score, spread, histogram, ranks and kinds as the result holds them.
nlohmann::json summarize_sweep(const Scores&, const Names&);

/// {"mean", "score"}: attention to token 0 in the same runs; score [ids, samples].
nlohmann::json first_token_summary(const at::Tensor& score);

/// Each id less the vocabulary's mean of the same sample: mean over samples and the half width of a 95 % interval for
/// new texts by Student's t, corrected (Bonferroni) for the `vocabulary` ids among which extremes are looked for.
/// `score` [rows, samples] of ids measured in full, `mean_of_sample` [samples].
nlohmann::json paired_differences(const at::Tensor& score, const at::Tensor& mean_of_sample, int64_t vocabulary);

/// Means and standard deviations over samples of every row of score [rows, samples], leaving out NaNs.
std::vector<double> row_means(const at::Tensor& score);
std::vector<double> row_sds(const at::Tensor& score);

}  // namespace sinkscope::experiments::sweep
