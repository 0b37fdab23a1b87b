#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// Of `n` random moves, `did` do what the edit does: yes where these are at most 5 %, or one of at least 8; no where
/// the binomial tail beyond 5 % is below 0.025; open otherwise, and where there is no move.
Met few_enough(int64_t did, int64_t n);

/// Whether a sink of `unedited` attention needs what an edit took away, which leaves it `edited` and an ordinary token
/// `ordinary`, all [samples]: "yes" where at most a tenth is left above that, "no" where it stays within `equivalence`
/// as a share of the mean or does not fall at all, "in part" where it falls by more and more than a tenth is left,
/// else "open".
const char* needed(const measure::Bootstrap&, double equivalence, const at::Tensor& unedited, const at::Tensor& edited,
                   const at::Tensor& ordinary);

}  // namespace sinkscope::experiments::identification
