#include "experiments/identify/rules.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::experiments::identification {

Met few_enough(int64_t did, int64_t n) {
  constexpr double kTail = 0.025;
  constexpr int64_t kFew = 8;  // of fewer, one is too large a share
  if (n == 0) return Met::open;
  if (static_cast<double>(did) <= std::max(n < kFew ? 0.0 : 1.0, kControls * static_cast<double>(n))) return Met::yes;
  return measure::binomial_tail(n, kControls, did) < kTail ? Met::no : Met::open;
}

const char* needed(const measure::Bootstrap& bootstrap, double equivalence, const at::Tensor& unedited,
                   const at::Tensor& edited, const at::Tensor& ordinary) {
  const auto left = bootstrap.interval(edited - ordinary - kBack * unedited);
  if (left.high <= 0) return "yes";
  const auto change = bootstrap.interval(edited - unedited);
  const std::string reading = measure::reading(change, equivalence * unedited.nanmean().item<double>());
  if (reading == "no effect" || change.low > 0) return "no";
  return reading == "effect" && left.low > 0 ? "in part" : "open";
}

}  // namespace sinkscope::experiments::identification
