#include "sinkscope/measure/statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace sinkscope::measure {

double t_quantile_975(size_t degrees) {
  constexpr double z = 1.959963984540054;
  constexpr double kExact[] = {12.7062047, 4.3026527, 3.1824463};
  if (degrees == 0) return std::numeric_limits<double>::quiet_NaN();
  if (degrees <= 3) return kExact[degrees - 1];
  const double v = static_cast<double>(degrees), z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);
}

Summary summarize(const std::vector<double>& values) {
  Summary summary;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    summary.mean += value;
    ++summary.n;
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (summary.n == 0) return {kNone, kNone, kNone, 0};
  const double n = static_cast<double>(summary.n);
  summary.mean /= n;
  double squares = 0;
  for (const double value : values) {
    if (!std::isnan(value)) squares += (value - summary.mean) * (value - summary.mean);
  }
  summary.sd = summary.n > 1 ? std::sqrt(squares / (n - 1)) : kNone;
  summary.half_width = t_quantile_975(summary.n - 1) * summary.sd / std::sqrt(n);
  return summary;
}

double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> to_vector(const at::Tensor& x) {
  const auto flat = x.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

nlohmann::json finite(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

nlohmann::json finite(const std::vector<double>& values) {
  auto list = nlohmann::json::array();
  for (const double value : values) list.push_back(finite(value));
  return list;
}

nlohmann::json to_json(const Summary& s) {
  return {{"mean", finite(s.mean)},
          {"sd", finite(s.sd)},
          {"ci95", {finite(s.mean - s.half_width), finite(s.mean + s.half_width)}}};
}

}  // namespace sinkscope::measure
