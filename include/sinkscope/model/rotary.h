#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {

/// Frequencies [h/2] in float32 and the factor on cos and sin, as transformers' modeling_rope_utils computes them.
struct Frequencies {
  at::Tensor inverse;
  double attention_factor = 1;
};
Frequencies rotary_frequencies(const RopeConfig&, int64_t d_head);

/// Tables of rotary angles, made once a set of positions and run.
class Rotary {
 public:
  Rotary(const Config&, int64_t T, at::Device, at::ScalarType);

  /// By one of Config::ropes; positions [T], empty: 0, 1, 2, ...
  const RotaryTable& operator()(size_t rope, std::vector<int64_t> positions);

 private:
  std::vector<Frequencies> frequencies_;  // of every rope
  int64_t T_;
  at::Device device_;
  at::ScalarType dtype_;
  std::map<std::pair<size_t, std::vector<int64_t>>, RotaryTable> tables_;
};

}  // namespace sinkscope::model
