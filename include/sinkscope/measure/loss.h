#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Next-token cross entropy in nats. Logits are made a slice of tokens at a time from the final norm's output, so that
/// [n, T, V] is never held in memory.
class Loss {
 public:
  using Unembed = std::function<at::Tensor(const at::Tensor&)>;  // [.., d] -> [.., V]

  explicit Loss(Unembed unembed) : unembed_(std::move(unembed)) {}

  void attach(model::Taps&, const at::Tensor& ids, const std::vector<int64_t>& lengths);

  /// Mean over a sample's predicted tokens, one per sample; NaN for a sample of one token.
  const std::vector<double>& by_sample() const { return by_sample_; }

  /// {"mean", "perplexity", "by_sample", "predicted_tokens"}: the mean is over all predicted tokens.
  nlohmann::json to_json() const;

 private:
  Unembed unembed_;
  std::vector<double> by_sample_;
  double total_ = 0;
  int64_t predicted_ = 0;
};

}  // namespace sinkscope::measure
