#include "sinkscope/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

namespace sinkscope::measure {

namespace {

/// What Student's t leaves above sqrt(v) tan(angle), up to a factor: the integral of cos^(v-1) from `angle` on, by
/// Simpson's rule. With many degrees all of it lies near 0, so the far end moves there.
double tail_integral(double angle, double v) {
  constexpr int kSteps = 2000;
  const double end = std::min(std::acos(0.0), angle + 40 / std::sqrt(v));
  const double step = (end - angle) / kSteps;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * std::pow(std::max(0.0, std::cos(angle + step * i)), v - 1);
  }
  return sum * step / 3;
}

double find_t_quantile(double tail, double v) {
  const double both = 2 * tail_integral(0, v);
  double low = 0, high = std::acos(0.0);
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (tail_integral(middle, v) / both > tail ? low : high) = middle;
  }
  return std::sqrt(v) * std::tan((low + high) / 2);
}

}  // namespace

double t_quantile(double tail, size_t degrees) {
  if (degrees == 0) return std::numeric_limits<double>::quiet_NaN();
  static std::map<std::pair<double, size_t>, double> found;  // a sweep asks for the same one for every id
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = found.try_emplace({tail, degrees});
  if (is_new) place->second = find_t_quantile(tail, static_cast<double>(degrees));
  return place->second;
}

double binomial_tail(int64_t n, double p, int64_t least) {
  double tail = 0;
  for (int64_t k = std::max<int64_t>(least, 0); k <= n; ++k) {
    const auto all = static_cast<double>(n), hits = static_cast<double>(k);
    const double ways = std::lgamma(all + 1) - std::lgamma(hits + 1) - std::lgamma(all - hits + 1);
    tail += std::exp(ways + hits * std::log(p) + (all - hits) * std::log1p(-p));
  }
  return std::min(tail, 1.0);
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
  summary.half_width = t_quantile(0.025, summary.n - 1) * summary.sd / std::sqrt(n);
  return summary;
}

double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
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
