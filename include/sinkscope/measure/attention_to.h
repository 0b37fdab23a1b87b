#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Mean attention of every sample to chosen keys, in chosen layers, over heads and over queries q >= the key's first
/// query below the sample's length: `mean_attention` of one sample, with ranges that can be made equal.
class AttentionTo {
 public:
  AttentionTo(std::vector<int64_t> keys, std::vector<int64_t> first_queries, std::vector<int64_t> layers);

  /// For one pass over a batch padded to T tokens; earlier values are forgotten.
  void attach(model::Taps&, const std::vector<int64_t>& lengths, int64_t T, at::Device);

  /// [n, layers, keys] float64 on the CPU; NaN where a sample has no such query.
  at::Tensor values() const;

 private:
  std::vector<int64_t> keys_, first_queries_, layers_, lengths_;
  std::vector<at::Tensor> seen_;  // [layer] of [n, keys]
};

}  // namespace sinkscope::measure
