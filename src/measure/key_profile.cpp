#include "sinkscope/measure/key_profile.h"

#include <ATen/ATen.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::measure {
namespace {

constexpr int64_t kKeysAtOnce = 32;

}  // namespace

KeyProfile::KeyProfile(const model::Config& config, int64_t T)
    : n_layers_(config.n_layers), n_heads_(config.n_heads), T_(T), pairs_(at::zeros({T}, at::kDouble)) {
  for (int64_t layer = 0; layer < n_layers_; ++layer) sums_.push_back(at::zeros({T}, at::kDouble));
}

void KeyProfile::attach(model::Taps& taps, const std::vector<int64_t>& lengths) {
  const auto n = static_cast<int64_t>(lengths.size());
  const auto length = at::tensor(lengths, at::kLong);
  const auto real = (at::arange(T_).view({1, 1, T_}) < length.view({n, 1, 1})).to(at::kFloat);  // [n, 1, T]
  pairs_ += (length.view({n, 1}) - 1 - at::arange(T_)).clamp_min(0).sum(0).to(at::kDouble);
  for (int64_t layer = 0; layer < n_layers_; ++layer) {
    for (int64_t first = 0; first < T_; first += kKeysAtOnce) {
      std::vector<int64_t> keys(std::min(kKeysAtOnce, T_ - first));
      std::iota(keys.begin(), keys.end(), first);
      const auto after = at::arange(T_).unsqueeze(1) > at::tensor(keys, at::kLong);  // [T, keys]: queries q > k
      taps.columns(layer, keys, [=, this](const at::Tensor& columns) {               // [n, H, T, keys]
        const auto counted = columns * real.to(columns.device()).unsqueeze(-1) * after.to(columns.device());
        sums_[layer].slice(0, first, first + static_cast<int64_t>(keys.size())) +=
            counted.sum(at::IntArrayRef{0, 1, 2}).to(at::kCPU, at::kDouble);
      });
    }
  }
}

nlohmann::json KeyProfile::to_json() const {
  std::vector<int64_t> keys(T_ - 1);
  std::iota(keys.begin(), keys.end(), 0);
  auto by_layer = nlohmann::json::array();
  for (const auto& sum : sums_) {
    std::vector<double> row;
    for (const int64_t key : keys) {
      const double pairs = pairs_[key].item<double>() * static_cast<double>(n_heads_);
      row.push_back(pairs > 0 ? sum[key].item<double>() / pairs : std::numeric_limits<double>::quiet_NaN());
    }
    by_layer.push_back(finite(row));
  }
  return {{"keys", keys}, {"by_layer", by_layer}};
}

}  // namespace sinkscope::measure
