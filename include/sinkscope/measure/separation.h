#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sinkscope::measure {

// How well each dimension of a site tells the first token from others: x [n, tokens, D] float32, token 0 first.

/// Cohen's d per dimension [D]: (mean at token 0 − mean at the others) / pooled standard deviation; 0 where nothing
/// varies and the means agree, ±inf where only the means differ.
at::Tensor effect_size(const at::Tensor& x);

/// The area under the ROC curve per dimension [D], ties counted half, turned so that it is at least 0.5: the chance
/// that a token 0 drawn at random and another token drawn at random stand on the right sides of each other.
at::Tensor auc(const at::Tensor& x);

/// The largest AUC over all dimensions when which token is "first" is drawn anew in each sample, one a draw, sorted.
/// The share at or above a dimension's AUC is its p-value corrected for having looked at D dimensions (Westfall and
/// Young 1993, maxT).
std::vector<double> largest_auc_by_chance(const at::Tensor& x, uint64_t seed, int64_t draws = 200);

/// (1 + draws at or above `value`) / (1 + draws)
double p_value(const std::vector<double>& by_chance, double value);

}  // namespace sinkscope::measure
