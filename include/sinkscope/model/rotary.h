#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// Frequencies [h/2] in float32 and the factor on cos and sin, as transformers' modeling_rope_utils computes them.
struct Frequencies {
  at::Tensor inverse;
  double attention_factor = 1;
};
Frequencies rotary_frequencies(const RopeConfig&, int64_t d_head);

/// Turns queries and keys by their tokens' rotary positions. Tables are made once a set of positions and run.
class Rotary {
 public:
  Rotary(const Config&, int64_t T, at::Device, at::ScalarType);

  /// x [n, T, heads, h]; positions [T], empty: 0, 1, 2, ...
  at::Tensor operator()(const at::Tensor& x, const std::vector<int64_t>& positions);

 private:
  struct Table {
    at::Tensor cos, sin;  // [T, 1, h], in the run's dtype
  };
  const Table& table(std::vector<int64_t> positions);

  Frequencies frequencies_;
  int64_t T_;
  at::Device device_;
  at::ScalarType dtype_;
  std::map<std::vector<int64_t>, Table> tables_;
};

}  // namespace sinkscope::model
