#include "experiments/first_token/growth.h"

#include <algorithm>

namespace sinkscope::experiments {
namespace {

void complete(Growth& growth, const std::vector<double>& medians) {
  const auto after = static_cast<size_t>(growth.layer) + 1;
  const double ended = std::sqrt(growth.norm_before() * growth.median_norm);
  double most = growth.median_norm;
  size_t end = after + 1;
  for (; end + 1 < medians.size() && medians[end] >= ended; ++end) most = std::max(most, medians[end]);
  size_t place = after;
  while (place + 1 < end && medians[place] < Growth::kComplete * most) ++place;
  growth.complete_layer = static_cast<int64_t>(place) - 1;
  growth.complete_norm = medians[place];
}

}  // namespace

Growth find_growth(const std::vector<double>& medians) {
  Growth largest;
  for (size_t layer = 0; layer + 1 < medians.size(); ++layer) {
    const double before = std::max(medians[layer], Growth::kTiny), after = medians[layer + 1];
    if (after / before > largest.growth)
      largest = {.layer = static_cast<int64_t>(layer), .growth = after / before, .median_norm = after};
  }
  complete(largest, medians);
  return largest;
}

}  // namespace sinkscope::experiments
