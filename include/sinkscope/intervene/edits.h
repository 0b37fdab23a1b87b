#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/taps.h"

namespace sinkscope::intervene {

/// Functions that return an edit for tensors whose axis 1 is the token: [n, T, ...]. None changes its input in place.
/// Tokens and dimensions out of range throw InputError when the edit runs.
using model::Taps;

/// These tokens become zero.
Taps::Edit zero_at(std::vector<int64_t> tokens);

/// These dimensions (of the last axis) of these tokens become `values` [dimensions], or one value for all.
Taps::Edit set_at(std::vector<int64_t> tokens, std::vector<int64_t> dimensions, at::Tensor values);

/// `vector` [d] times `factor` is added to these tokens.
Taps::Edit add_at(std::vector<int64_t> tokens, at::Tensor vector, double factor = 1);

/// These tokens are multiplied by `factor`.
Taps::Edit scale_at(std::vector<int64_t> tokens, double factor);

/// The part of these tokens that lies in the span of `basis` [rank, d] (orthonormal rows) is taken away.
Taps::Edit project_out(std::vector<int64_t> tokens, at::Tensor basis);

/// These tokens become the mean of the given rows over all samples of the batch: `mean` [d].
Taps::Edit mean_at(std::vector<int64_t> tokens, at::Tensor mean);

/// Token `to` becomes what token `from` of another run was: `source` [n, T', ...].
Taps::Edit copy_from(at::Tensor source, int64_t from, int64_t to);

}  // namespace sinkscope::intervene
