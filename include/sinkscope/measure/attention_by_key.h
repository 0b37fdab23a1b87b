#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Mean attention of every sample to each of its keys in one layer, over heads and over the queries after the key that
/// the sample has; beside what token 0 gets from the same queries, since later queries have more keys to share among.
class AttentionByKey {
 public:
  explicit AttentionByKey(int64_t layer) : layer_(layer) {}

  /// For one pass over a batch padded to T tokens, over which it must live; earlier values are forgotten.
  void attach(model::Taps&, const std::vector<int64_t>& lengths, int64_t T);

  /// [n, T] float64 on the CPU; NaN where no query comes after the key.
  at::Tensor to_key() const;
  at::Tensor to_first() const;

 private:
  at::Tensor queries() const;  // [n, T] float64: how many queries come after each key

  int64_t layer_;
  at::Tensor lengths_;  // [n, 1]
  at::Tensor sums_;     // [n, T] float64 over the queries after each key, mean over heads
  at::Tensor first_;    // [n, T] float64: what each query gives token 0, 0 behind a sample's end
};

}  // namespace sinkscope::measure
