#include "sinkscope/measure/loss.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::measure {
namespace {

constexpr int64_t kTokensAtOnce = 256;

/// Σ -log p(next) of one sample: x [T, d] final-norm outputs, ids [T].
double cross_entropy_sum(const at::Tensor& x, const at::Tensor& ids, const Loss::Unembed& unembed) {
  const int64_t predicted = ids.size(0) - 1;
  double sum = 0;
  for (int64_t start = 0; start < predicted; start += kTokensAtOnce) {
    const int64_t end = std::min(start + kTokensAtOnce, predicted);
    const auto log_p = unembed(x.slice(0, start, end)).to(at::kFloat).log_softmax(-1);
    const auto next = ids.slice(0, start + 1, end + 1).unsqueeze(-1).to(x.device());
    sum -= log_p.gather(-1, next).sum(at::kDouble).item<double>();
  }
  return sum;
}

}  // namespace

void Loss::attach(model::Taps& taps, const at::Tensor& ids, const std::vector<int64_t>& lengths) {
  taps.read({model::Point::ln_final}, [=, this](const at::Tensor& x) {
    for (int64_t sample = 0; sample < x.size(0); ++sample) {
      const int64_t length = lengths[sample], predicted = length - 1;
      const double sum = cross_entropy_sum(x[sample].slice(0, 0, length), ids[sample].slice(0, 0, length), unembed_);
      total_ += sum;
      predicted_ += predicted;
      by_sample_.push_back(predicted > 0 ? sum / static_cast<double>(predicted)
                                         : std::numeric_limits<double>::quiet_NaN());
    }
  });
}

nlohmann::json Loss::to_json() const {
  const double mean = total_ / static_cast<double>(predicted_);
  return {{"mean", finite(mean)},
          {"perplexity", finite(std::exp(mean))},
          {"by_sample", finite(by_sample_)},
          {"predicted_tokens", predicted_}};
}

}  // namespace sinkscope::measure
