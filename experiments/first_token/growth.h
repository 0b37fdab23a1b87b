#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace sinkscope::experiments {

/// The block after which the vocabulary's median norm has grown most, and the one that completes what it begins:
/// several blocks in a row may write the massive activation, of some ids all of it one block later.
struct Growth {
  static constexpr double kMassive = 4;      ///< a median that grows less has no massive activation, as in mlp-probe
  static constexpr double kComplete = 0.99;  ///< of the largest median that it reaches
  static constexpr double kTiny = 1e-30;     ///< an embedding row of zeros stays zero: it grows by 0, not by 0/0

  int64_t layer = 0;
  double growth = 0, median_norm = 0;  ///< median after / median before; median after
  int64_t complete_layer = 0;
  double complete_norm = 0;  ///< median after it

  bool is_massive() const { return growth >= kMassive; }
  double norm_before() const { return median_norm / growth; }
  /// As many times above the median before the growth as below the median when it is complete.
  double norm_between() const { return std::sqrt(norm_before() * complete_norm); }
};

/// `medians` [L + 1]: after the embedding and every block. The growth is complete at the first place with nearly the
/// largest median, of the places that a layer reads and that come before the median falls below half way (of
/// logarithms) back.
Growth find_growth(const std::vector<double>& medians);

}  // namespace sinkscope::experiments
