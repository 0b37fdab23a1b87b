#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/measure/vector_stats.h"
#include "sinkscope/model/config.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Norms of residual, keys and values by layer at chosen tokens and at all others, and the residual's largest
/// dimensions.
class Norms {
 public:
  Norms(const model::Config&, std::vector<int64_t> tokens);
  void attach(model::Taps&, const std::vector<int64_t>& lengths);

  /// {"tokens", "sites": [{"site", "by_layer_token": [L][tokens], "others_by_layer": [L]}], "top_dimensions": [...]}
  nlohmann::json to_json() const;

 private:
  struct Sums {
    std::vector<double> of_token, samples;
    double others = 0, other_count = 0;
  };
  void add(Sums&, const at::Tensor& norms, const std::vector<int64_t>& lengths) const;  // norms [n, T]

  std::vector<int64_t> tokens_;
  std::vector<std::vector<Sums>> sums_;  // [site][layer]
  std::vector<VectorStats> residual_;    // [layer]
};

}  // namespace sinkscope::measure
