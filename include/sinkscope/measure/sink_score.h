#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// A key whose attention is measured, and the first query that counts: queries q >= max(token + 1, first_query).
struct Tracked {
  int64_t token = 0;
  int64_t first_query = 1;
};

/// mean_attention(k): mean of A[l,h,q,k] over queries q >= max(k + 1, first_query) of a sample, then over samples and
/// heads. sink_rate(k, ε) (Gu et al. 2025): alpha = (1/(T-k)) Σ_{q>=k} A[l,h,q,k] of a sample, self term included; the
/// share of (sample, layer, head) with alpha > ε. Padded queries enter neither.
class SinkScore {
 public:
  /// `lengths`: tokens of every sample of the run, in order. Throws InputError where no sample has a query for a token.
  SinkScore(const model::Config&, std::vector<Tracked>, std::vector<int64_t> lengths);

  /// Measures samples [first, first + n) of a batch padded to T tokens.
  void attach(model::Taps&, int64_t first, int64_t n, int64_t T, at::Device);

  /// [samples, L, H] float64 on the CPU; NaN where a sample has no query. `which` indexes the tracked tokens.
  at::Tensor mean_attention(size_t which) const;
  at::Tensor alpha(size_t which) const;

  /// The mean over heads and layers of every sample; NaN where it has no query.
  std::vector<double> by_sample(size_t which) const;

  /// What attention spread evenly over the keys that a query sees would give over the same queries.
  double uniform(size_t which) const;

  /// One entry a tracked token, as the results hold it.
  nlohmann::json to_json() const;
  nlohmann::json to_json(size_t which) const;

  const std::vector<Tracked>& tracked() const { return tracked_; }

 private:
  at::Tensor gather(const std::vector<std::vector<at::Tensor>>& parts, size_t which) const;
  int64_t first_query(const Tracked& t) const { return std::max(t.token + 1, t.first_query); }

  double uniform(size_t which, int64_t window) const;

  int64_t n_layers_;
  std::map<int64_t, double> windows_;  // every window that layers have, and the share of them that have it
  std::vector<Tracked> tracked_;
  std::vector<int64_t> lengths_;
  std::vector<std::vector<at::Tensor>> means_, alphas_;  // [layer][batch] of [n, H, tracked], on the run's device
};

/// What the two metrics mean, for a result's `metrics`.
nlohmann::json sink_metric_definitions(int64_t q_min);

inline constexpr double kSinkEpsilons[] = {0.3, 0.8};

}  // namespace sinkscope::measure
