#include "sinkscope/measure/loss.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
namespace {

constexpr int64_t kTokensAtOnce = 256;  // a vocabulary of logits each

/// The tokens of a batch that are followed by one, over all samples: where they are, what follows, whose they are.
struct Predicted {
  std::vector<int64_t> rows, next, samples;

  Predicted(const at::Tensor& ids, const std::vector<int64_t>& lengths) {
    const auto on_cpu = ids.to(at::kCPU);
    const auto id = on_cpu.accessor<int64_t, 2>();
    for (int64_t sample = 0; sample < ids.size(0); ++sample) {
      for (int64_t token = 0; token + 1 < lengths[sample]; ++token) {
        rows.push_back(sample * ids.size(1) + token);
        next.push_back(id[sample][token + 1]);
        samples.push_back(sample);
      }
    }
  }
};

/// Of some of them, -log p(next): x [n * T, d] final-norm outputs.
at::Tensor cross_entropy(const at::Tensor& x, const Predicted& of, int64_t begin, int64_t end,
                         const Loss::Unembed& unembed) {
  const auto some = [&](const std::vector<int64_t>& all) {
    return at::tensor(at::ArrayRef<int64_t>(all).slice(begin, end - begin), at::kLong).to(x.device());
  };
  const auto log_p = unembed(x.index_select(0, some(of.rows))).to(at::kFloat).log_softmax(-1);
  return -log_p.gather(-1, some(of.next).unsqueeze(-1)).squeeze(-1);
}

}  // namespace

void Loss::attach(model::Taps& taps, const at::Tensor& ids, const std::vector<int64_t>& lengths) {
  taps.read({model::Point::ln_final}, [=, this](const at::Tensor& x) {
    const Predicted predicted(ids, lengths);
    const auto count = static_cast<int64_t>(predicted.rows.size());
    std::vector<double> sums(static_cast<size_t>(x.size(0)), 0);
    for (int64_t begin = 0; begin < count; begin += kTokensAtOnce) {
      const int64_t end = std::min(begin + kTokensAtOnce, count);
      const auto values = model::to_vector(cross_entropy(x.flatten(0, 1), predicted, begin, end, unembed_));
      for (size_t i = 0; i < values.size(); ++i) {
        sums[static_cast<size_t>(predicted.samples[static_cast<size_t>(begin) + i])] += values[i];
      }
    }
    for (size_t sample = 0; sample < sums.size(); ++sample) {
      const int64_t followed = std::max<int64_t>(0, lengths[sample] - 1);
      total_ += sums[sample];
      predicted_ += followed;
      by_sample_.push_back(followed > 0 ? sums[sample] / static_cast<double>(followed)
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
