#include "sinkscope/measure/screen.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
namespace {

constexpr size_t kFolds = 10, kLeastAudit = 20;
constexpr double kRidges[] = {1e-3, 1e-2, 0.1, 0.3};  // of standardised features, times the ids of the fit
constexpr double kMissedOfTail = 0.005, kMissedOutliers = 0.05;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sd_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

/// Rows of standardised features with a one in front: [ids, 1 + f].
at::Tensor design(const std::vector<std::vector<double>>& features) {
  const auto ids = static_cast<int64_t>(features.size()), count = static_cast<int64_t>(features[0].size());
  auto x = at::empty({ids, count}, at::kDouble);
  for (int64_t i = 0; i < ids; ++i) std::copy(features[i].begin(), features[i].end(), x.data_ptr<double>() + i * count);
  const auto sd = x.std(0, /*unbiased=*/false);
  x = (x - x.mean(0)) / at::where(sd > 0, sd, at::ones_like(sd));
  return at::cat({at::ones({ids, 1}, at::kDouble), x}, 1);
}

at::Tensor fit(const at::Tensor& x, const at::Tensor& y, double ridge) {
  auto penalty = at::eye(x.size(1), at::kDouble) * ridge * static_cast<double>(x.size(0));
  penalty[0][0] = 0;
  return at::linalg_solve(at::matmul(x.t(), x) + penalty, at::matmul(x.t(), y));
}

at::Tensor index(const std::vector<size_t>& list) {
  return at::tensor(std::vector<int64_t>(list.begin(), list.end()), at::kLong);
}

/// Residuals of every audit id by the fit of the other folds.
std::vector<double> held_out(const at::Tensor& x, const at::Tensor& y, double ridge) {
  std::vector<double> residuals;
  const auto fold = at::arange(x.size(0), at::kLong).remainder(static_cast<int64_t>(kFolds));
  for (size_t k = 0; k < kFolds; ++k) {
    const auto out = fold == static_cast<int64_t>(k), in = out.logical_not();
    const auto w = fit(x.index({in}), y.index({in}), ridge);
    const auto left = model::to_vector((y.index({out}) - at::matmul(x.index({out}), w)).contiguous());
    residuals.insert(residuals.end(), left.begin(), left.end());
  }
  std::sort(residuals.begin(), residuals.end());
  return residuals;
}

/// The share of residuals above a value, smoothed by a normal kernel (Silverman's width), on a grid.
class ResidualTail {
 public:
  explicit ResidualTail(const Screen& screen) {
    const auto& r = screen.residuals;
    const double width = std::max(1e-12, 1.06 * screen.residual_sd * std::pow(static_cast<double>(r.size()), -0.2));
    low_ = r.front() - 8 * width;
    step_ = (r.back() + 8 * width - low_) / kCells;
    for (int cell = 0; cell <= kCells; ++cell) {
      const double at = low_ + step_ * cell;
      double sum = 0;
      for (const double residual : r) sum += 0.5 * std::erfc((at - residual) / (width * std::sqrt(2.0)));
      above_.push_back(sum / static_cast<double>(r.size()));
    }
  }

  double above(double value) const {
    const double place = (value - low_) / step_;
    if (place <= 0) return 1;
    if (place >= kCells) return 0;
    const auto cell = static_cast<size_t>(place);
    return above_[cell] + (place - static_cast<double>(cell)) * (above_[cell + 1] - above_[cell]);
  }

 private:
  static constexpr int kCells = 2048;
  double low_ = 0, step_ = 0;
  std::vector<double> above_;
};

/// Of every id, whether it lies beyond a threshold: known for audit ids, a probability for the others.
class Beyond {
 public:
  Beyond(const Screen& screen, const std::vector<size_t>& audit, const std::vector<double>& audit_score)
      : screen_(screen), tail_(screen), exact_(screen.predicted.size(), std::nan("")) {
    for (size_t i = 0; i < audit.size(); ++i) exact_[audit[i]] = audit_score[i];
  }

  bool known(size_t id) const { return !std::isnan(exact_[id]); }

  double probability(size_t id, double threshold, bool above) const {
    if (known(id)) return (above ? exact_[id] >= threshold : exact_[id] <= threshold) ? 1 : 0;
    const double p = tail_.above(threshold - screen_.predicted[id]);
    return above ? p : 1 - p;
  }

  double expected(double threshold, bool above) const {
    double sum = 0;
    for (size_t id = 0; id < exact_.size(); ++id) sum += probability(id, threshold, above);
    return sum;
  }

  /// The threshold that `count` ids are expected beyond.
  double threshold(double count, bool above) const {
    const auto [least, most] = std::minmax_element(screen_.predicted.begin(), screen_.predicted.end());
    const double reach =
        std::max(screen_.residuals.back(), -screen_.residuals.front()) + 10 * screen_.residual_sd + 1e-9;
    double low = *least - reach, high = *most + reach;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (expected(middle, above) > count) == above ? low = middle : high = middle;
    }
    return (low + high) / 2;
  }

  /// Adds to `chosen` until at most `missed` ids beyond the threshold are expected outside it.
  Tail take(double threshold, bool above, double missed, std::vector<char>& chosen) const {
    Tail tail{threshold, expected(threshold, above), 0};
    std::vector<std::pair<double, size_t>> open;
    for (size_t id = 0; id < exact_.size(); ++id) {
      if (known(id) || chosen[id]) continue;
      if (const double p = probability(id, threshold, above); p > 0) open.push_back({p, id});
    }
    std::sort(open.begin(), open.end());
    size_t left = 0;
    while (left < open.size() && tail.expected_misses + open[left].first <= missed) {
      tail.expected_misses += open[left++].first;
    }
    for (; left < open.size(); ++left) chosen[open[left].second] = 1;
    return tail;
  }

 private:
  const Screen& screen_;
  ResidualTail tail_;
  std::vector<double> exact_;
};

}  // namespace

double Screen::residual_quantile(double p) const {
  return quantile(residuals, p);
}

Screen fit_screen(const std::vector<std::vector<double>>& features, const std::vector<size_t>& audit,
                  const std::vector<double>& audit_score) {
  if (audit.size() < kLeastAudit || audit.size() != audit_score.size()) {
    throw std::logic_error("a screen needs at least 20 audit ids, each with its score");
  }
  const auto x = design(features);
  const auto seen = x.index_select(0, index(audit)), y = at::tensor(audit_score, at::kDouble);
  Screen screen;
  for (const double ridge : kRidges) {
    const auto residuals = held_out(seen, y, ridge);
    if (!screen.residuals.empty() && sd_of(residuals) >= screen.residual_sd) continue;
    screen.ridge = ridge;
    screen.residuals = residuals;
    screen.residual_sd = sd_of(residuals);
  }
  screen.predicted = model::to_vector(at::matmul(x, fit(seen, y, screen.ridge)).contiguous());
  return screen;
}

Refinement choose_refined(const Screen& screen, const std::vector<size_t>& audit,
                          const std::vector<double>& audit_score, const Extremes& extremes) {
  const Beyond beyond(screen, audit, audit_score);
  std::vector<double> exact(screen.predicted.size(), std::nan(""));
  for (size_t i = 0; i < audit.size(); ++i) exact[audit[i]] = audit_score[i];
  const auto spread = corrected_spread(screen, exact);
  const auto top = static_cast<double>(std::min(extremes.top, screen.predicted.size()));
  const double reach = extremes.outlier_z * spread.sd;

  Refinement refinement;
  std::vector<char> chosen(screen.predicted.size());
  refinement.top = beyond.take(beyond.threshold(top, true), true, kMissedOfTail * top, chosen);
  refinement.bottom = beyond.take(beyond.threshold(top, false), false, kMissedOfTail * top, chosen);
  const auto outliers = [&](double threshold, bool above) {
    const double missed = std::max(kMissedOutliers, kMissedOfTail * beyond.expected(threshold, above));
    return beyond.take(threshold, above, missed, chosen);
  };
  refinement.high_outliers = outliers(spread.mean + reach, true);
  refinement.low_outliers = outliers(spread.mean - reach, false);
  for (size_t id = 0; id < chosen.size(); ++id) {
    if (chosen[id]) refinement.ids.push_back(id);
  }
  return refinement;
}

Spread corrected_spread(const Screen& screen, const std::vector<double>& exact) {
  std::vector<double> scores = screen.predicted;
  size_t predicted = 0;
  for (size_t id = 0; id < exact.size(); ++id) {
    if (std::isnan(exact[id])) {
      ++predicted;
    } else {
      scores[id] = exact[id];
    }
  }
  const double sd = sd_of(scores), share = static_cast<double>(predicted) / static_cast<double>(scores.size());
  return {mean_of(scores), std::sqrt(sd * sd + share * screen.residual_sd * screen.residual_sd), sd};
}

std::vector<double> corrected_counts(const Screen& screen, const std::vector<double>& exact,
                                     const std::vector<double>& edges) {
  const ResidualTail tail(screen);
  const auto bins = static_cast<int64_t>(edges.size()) - 1;
  std::vector<double> counts(bins);
  for (size_t id = 0; id < exact.size(); ++id) {
    if (!std::isnan(exact[id])) {
      const auto bin = std::upper_bound(edges.begin(), edges.end(), exact[id]) - edges.begin() - 1;
      counts[std::clamp<int64_t>(bin, 0, bins - 1)] += 1;
      continue;
    }
    for (int64_t bin = 0; bin < bins; ++bin) {
      counts[bin] += (bin == 0 ? 1 : tail.above(edges[bin] - screen.predicted[id])) -
                     (bin == bins - 1 ? 0 : tail.above(edges[bin + 1] - screen.predicted[id]));
    }
  }
  return counts;
}

}  // namespace sinkscope::measure
