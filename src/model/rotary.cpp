#include "sinkscope/model/rotary.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "sinkscope/model/device.h"

namespace sinkscope::model {
namespace {

double mscale(double factor, double scale) {
  return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
}

double yarn_attention_factor(const RopeConfig& rope) {
  if (rope.attention_factor) return *rope.attention_factor;
  if (rope.mscale.value_or(0) != 0 && rope.mscale_all_dim.value_or(0) != 0) {
    return mscale(rope.factor, *rope.mscale) / mscale(rope.factor, *rope.mscale_all_dim);
  }
  return mscale(rope.factor, 1);
}

/// YaRN (Peng et al. 2023): high frequencies kept, low ones divided by the factor, a linear ramp between.
at::Tensor yarn(const RopeConfig& rope, const at::Tensor& inverse, int64_t d_head) {
  const auto dimension_at = [&](double rotations) {
    const double wavelengths = static_cast<double>(rope.original_max_positions) / (rotations * 2 * std::numbers::pi);
    return static_cast<double>(d_head) * std::log(wavelengths) / (2 * std::log(rope.theta));
  };
  double low = dimension_at(rope.beta_fast);
  double high = dimension_at(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(d_head - 1));
  if (low == high) high += 0.001;
  const auto ramp = ((at::arange(d_head / 2, at::kFloat) - low) / (high - low)).clamp(0, 1);
  return inverse / rope.factor * ramp + inverse * (1 - ramp);
}

/// Llama 3: low frequencies divided by the factor, high ones kept, between them a ramp over the wavelengths that the
/// original context holds.
at::Tensor llama3(const RopeConfig& rope, const at::Tensor& inverse) {
  const auto context = static_cast<double>(rope.original_max_positions);
  const auto wavelength = 2 * std::numbers::pi / inverse;
  const auto ramp = (context / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  const auto between = (1 - ramp) * inverse / rope.factor + ramp * inverse;
  const auto long_or_between = at::where(wavelength > context / rope.low_freq_factor, inverse / rope.factor, between);
  return at::where(wavelength < context / rope.high_freq_factor, inverse, long_or_between);
}

}  // namespace

Frequencies rotary_frequencies(const RopeConfig& rope, int64_t d_head) {
  const auto exponent = at::arange(0, d_head, 2, at::kFloat) / static_cast<double>(d_head);
  const auto inverse = 1.0 / at::pow(rope.theta, exponent);
  switch (rope.type) {
    case RopeType::linear: return {inverse / rope.factor, 1};
    case RopeType::llama3: return {llama3(rope, inverse), 1};
    case RopeType::yarn: return {yarn(rope, inverse, d_head), yarn_attention_factor(rope)};
    default: return {inverse, 1};
  }
}

Rotary::Rotary(const Config& config, int64_t T, at::Device device, at::ScalarType dtype)
    : T_(T), device_(device), dtype_(dtype) {
  for (const auto& rope : config.ropes) frequencies_.push_back(rotary_frequencies(rope, config.d_head));
}

const RotaryTable& Rotary::operator()(size_t rope, std::vector<int64_t> positions) {
  if (positions.empty()) {
    positions.resize(T_);
    std::iota(positions.begin(), positions.end(), 0);
  }
  const auto [entry, is_new] = tables_.try_emplace({rope, positions});
  if (is_new) {
    const auto angles = at::outer(at::tensor(positions, at::kFloat), frequencies_.at(rope).inverse);  // [T, h/2]
    const auto twice = at::cat({angles, angles}, -1);
    const double factor = frequencies_.at(rope).attention_factor;
    const auto there = [&](const at::Tensor& x) { return send((x * factor).to(dtype_), device_); };
    entry->second = {there(twice.cos()), there(twice.sin())};
  }
  return entry->second;
}

}  // namespace sinkscope::model
