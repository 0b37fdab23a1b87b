#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/intervene/trial_json.h"

namespace sinkscope::experiments {

/// SourceActivations of one place over samples.
struct RowStatistics {
  at::Tensor mean = {};  ///< [D] float64
  double norm = 0;       ///< mean over samples
  double deviation = 0;  ///< square root of the variance, summed over dimensions
};

/// One layer's attention output.
struct AttentionStatistics {
  std::map<int64_t, RowStatistics> at = {};  ///< natural, by token: 0 and k
  RowStatistics alone = {};                  ///< of token k in `run`
  /// By what the deviation at `to` is that at `from`.
  double factor(int64_t from, int64_t to) const { return at.at(to).deviation / at.at(from).deviation; }
};
using StatisticsByLayer = std::map<int64_t, AttentionStatistics>;

inline constexpr char kAttentionStatistics[] =
    "of the natural attention output over samples: mean norm; deviation: square root of the variance summed over "
    "dimensions (divided by n); norm of the mean row; its cosine to token 0's; factor: first / later deviation";

/// At tokens 0 and `token`, and at `token` in `run` of `runs`. Throws InputError where all samples have one row, so
/// that no factor gives it another variance.
StatisticsByLayer attention_statistics(app::Run&, const intervene::Runs& runs, const std::string& run,
                                       const std::vector<int64_t>& layers, int64_t token);

nlohmann::json to_json(const StatisticsByLayer&, int64_t token);

}  // namespace sinkscope::experiments
