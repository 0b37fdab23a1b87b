#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/block.h"

namespace sinkscope::trials::search {

/// Directions [rank, D] float32 with orthonormal rows in which `rows` [n, D] lie far from the mean of `kind` [m, D],
/// beside how far `kind` itself spreads, most promising first: the generalised eigenvectors A a = λ C a of the largest
/// λ, with A the second moment of `rows` about that mean and C the covariance of `kind`, plus a hundredth of its mean
/// variance in every direction, which keeps it invertible where m is small. Principal components, measured in units of
/// `kind`'s spread; as readers of a row, not as patterns in it, since what reads a level is what an edit of it must
/// reach.
at::Tensor directions_apart(const at::Tensor& rows, const at::Tensor& kind, int64_t rank);

/// Principal components of `rows` [n, D] about the mean of `others` [m, D], largest first: [rank, D] float32,
/// orthonormal.
at::Tensor principal(const at::Tensor& rows, const at::Tensor& others, int64_t rank);

/// What the `rank` neurons of an MLP read, whose writes differ most in the mean between `rows` [n, D] and `others` [m,
/// D] of the residual before its norm: their gates by the norm's gain, most promising first: [rank, D] float32,
/// orthonormal. A threshold on each of several things at once is found by its readers where rows alone do not tell the
/// things apart from others that go with them.
at::Tensor read_by(const model::Norm&, const model::Mlp&, const at::Tensor& rows, const at::Tensor& others,
                   int64_t rank);

/// The same directions with nothing outside of `channels`, orthonormal again: [rank, D].
at::Tensor within(const at::Tensor& basis, const std::vector<int64_t>& channels);

/// Channels by their share of the directions' squared length, largest first.
std::vector<int64_t> by_share(const at::Tensor& basis);

}  // namespace sinkscope::trials::search
