#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/measure/vector_stats.h"

namespace sinkscope::measure {

/// The outlier rule of the seed's author: |x_0[d]| >= 50 × the global mean |x| and >= 5 × the mean |x_t[d]| of ordinary
/// tokens t, on means over samples.
inline constexpr double kOutlierOverAll = 50, kOutlierOverOthers = 5;

/// Dimensions, largest first, that the rule names at a token. `others` [D]: mean |x| at ordinary tokens.
std::vector<int64_t> outlier_dimensions(const VectorStats::Token&, const at::Tensor& others, double global_mean_abs);

/// Mean over the chosen tracked tokens of mean |x| [D]; tokens that no sample has are left out.
at::Tensor mean_abs_of(const VectorStats&, const std::vector<size_t>& which);

}  // namespace sinkscope::measure
