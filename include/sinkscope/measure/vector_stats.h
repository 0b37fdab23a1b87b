#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace sinkscope::measure {

/// Statistics of one site's vectors x at chosen tokens over samples, kept as running sums.
///   norm      ‖x‖, mean and sd over samples
///   spread    √(E‖ẑ - E ẑ‖² / D) of the unit vectors ẑ
///   massive   Sun et al. 2024: |x| > 100 and > 1000 × the median |x| of the sample's whole hidden state
///   top2      share of ‖x‖² in its two largest dimensions
class VectorStats {
 public:
  explicit VectorStats(std::vector<int64_t> tokens);

  /// x [n, T, D], or [n, T, heads, h] taken as [n, T, heads * h], of samples with these lengths; samples too short for
  /// a token do not count for it.
  void add(const at::Tensor& x, const std::vector<int64_t>& lengths);

  struct Dimension {
    int64_t dimension;
    double mean, mean_abs;
  };
  struct Token {
    int64_t token, samples;
    double norm_mean, norm_sd, spread;
    double max_abs, median_abs, ratio;  ///< means over samples of max |x|, of the state's median |x|, of their quotient
    double massive_rate, top2_share;
    at::Tensor mean, mean_abs, energy;  ///< [D] float64: means over samples of x, |x| and x²
  };
  Token token(size_t which) const;
  std::vector<Dimension> top_dimensions(size_t which, int64_t count) const;

  /// {"token", "norm": {"mean", "sd"}, "spread", "max_abs", ...}, with the `count` largest dimensions.
  nlohmann::json to_json(size_t which, int64_t count) const;

  const std::vector<int64_t>& tokens() const { return tokens_; }

  /// Mean |x| over every dimension of every (unpadded) token of every sample.
  double global_mean_abs() const { return abs_sum_ / numbers_; }

 private:
  struct Sums {
    at::Tensor unit, x, abs, square;  // [D] float64, on the run's device
    std::vector<double> norms, max_abs, median_abs, ratios, top2;
    int64_t massive = 0;

    void add(const std::vector<double>& norm, const std::vector<double>& top, const std::vector<double>& two_squares,
             const std::vector<double>& median);
  };
  void add_of_one_length(const at::Tensor& x);

  std::vector<int64_t> tokens_;
  std::vector<Sums> sums_;
  double abs_sum_ = 0, numbers_ = 0;
};

}  // namespace sinkscope::measure
