#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace sinkscope::measure {

/// Mean over samples with its two-sided 95 % interval by Student's t; NaNs (samples without the quantity) are left out.
struct Summary {
  double mean = 0;
  double sd = 0;          ///< sample standard deviation (n - 1); NaN for one sample
  double half_width = 0;  ///< of the interval; NaN for one sample
  size_t n = 0;
};
Summary summarize(const std::vector<double>& values);

/// The value that Student's t with `degrees` of freedom exceeds with probability `tail` (below 0.5), tails of 1e-9
/// included; NaN for no degree.
double t_quantile(double tail, size_t degrees);

/// The probability of `least` or more successes in n draws that each succeed with probability p in (0, 1).
double binomial_tail(int64_t n, double p, int64_t least);

/// Linear interpolation between order statistics; p in [0, 1].
double quantile(const std::vector<double>& sorted, double p);

/// {"mean", "sd", "ci95": [low, high]}; what is not finite becomes null.
nlohmann::json to_json(const Summary&);

/// A number, or null where it is not finite.
nlohmann::json finite(double value);
nlohmann::json finite(const std::vector<double>& values);

}  // namespace sinkscope::measure
