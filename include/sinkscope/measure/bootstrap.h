#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace sinkscope::measure {

/// Percentile bootstrap of means over samples, by document: samples of one text depend on each other, so documents are
/// drawn with replacement and take all their samples along (Efron and Tibshirani 1993, chapter 8). Where samples are of
/// several texts, each text's documents are drawn among themselves, since how many it gives was chosen. Seeded.
class Bootstrap {
 public:
  /// `documents`: the document of every sample; `texts`: its text, empty where there is one. `draws` resamples.
  Bootstrap(const std::vector<int64_t>& documents, uint64_t seed, const std::vector<int64_t>& texts = {},
            int64_t draws = 2000);

  /// A mean with its 95 % interval; NaN limits where fewer than two documents have a value.
  struct Interval {
    double mean = 0, low = 0, high = 0;
    int64_t n = 0;  ///< samples that have a value
  };

  /// Of values [samples] float64, NaN where a sample has none.
  Interval interval(const at::Tensor& values) const;

  /// The same over some of the samples.
  Bootstrap over(const at::Tensor& chosen) const;  ///< chosen [samples] bool

 private:
  Bootstrap() = default;
  at::Tensor counts_;     // [draws, samples] float64: how often each draw takes a sample
  at::Tensor documents_;  // [samples] int64
};

/// {"mean", "ci95": [low, high], "n"}
nlohmann::json to_json(const Bootstrap::Interval&);

/// How a difference reads against a bound below which it is called none: "no effect" where the whole interval lies
/// within ±bound, "effect" where it excludes 0 and its mean is beyond the bound, otherwise "undecided".
const char* reading(const Bootstrap::Interval&, double bound);

}  // namespace sinkscope::measure
