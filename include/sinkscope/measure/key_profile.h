#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Mean attention that every key gets from the queries after it: over samples, heads and queries q > k, per layer.
/// Columns come a block of keys at a time; no T×T matrix is held in memory.
class KeyProfile {
 public:
  KeyProfile(const model::Config&, int64_t T);
  void attach(model::Taps&, const std::vector<int64_t>& lengths);

  /// {"keys": [0..T-2], "by_layer": [L][keys]}; a key that no sample has a query for is null.
  nlohmann::json to_json() const;

 private:
  int64_t n_layers_, n_heads_, T_;
  std::vector<at::Tensor> sums_;  // [layer] of [T] float64 on the CPU
  at::Tensor pairs_;              // [T] float64: counted (sample, query) pairs
};

}  // namespace sinkscope::measure
