#include "sinkscope/measure/massive_activation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "sinkscope/measure/outliers.h"

namespace sinkscope::measure {
namespace {

using model::Point;
using model::Site;

constexpr double kOverOthers = 4, kHeld = 0.99;
constexpr int64_t kNamed = 16, kLastOther = 8;

std::vector<int64_t> tokens_of(int64_t shortest) {
  std::vector<int64_t> tokens;
  for (int64_t token = 0; token <= std::min(kLastOther, shortest - 1); ++token) tokens.push_back(token);
  return tokens;
}

}  // namespace

BlockOutputs::BlockOutputs(int64_t layers, int64_t shortest)
    : attn_(static_cast<size_t>(layers), VectorStats(tokens_of(shortest))), mlp_(attn_) {}

void BlockOutputs::attach(model::Taps& taps, const std::vector<int64_t>& lengths) {
  for (int64_t layer = 0; layer < layers(); ++layer) {
    const auto l = static_cast<size_t>(layer);
    taps.read({Point::attn_out, layer}, [this, l, lengths](const at::Tensor& x) { attn_[l].add(x, lengths); });
    taps.read({Point::mlp_out, layer}, [this, l, lengths](const at::Tensor& x) { mlp_[l].add(x, lengths); });
  }
}

const VectorStats& BlockOutputs::at(const Site& site) const {
  if (site.point != Point::attn_out && site.point != Point::mlp_out) {
    throw std::logic_error("a block's outputs are attn_out and mlp_out, not " + model::name(site));
  }
  return (site.point == Point::attn_out ? attn_ : mlp_).at(static_cast<size_t>(site.layer));
}

double BlockOutputs::norm_at_others(const Site& site) const {
  const auto& stats = at(site);
  if (stats.tokens().size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (size_t i = 1; i < stats.tokens().size(); ++i) sum += stats.token(i).norm_mean;
  return sum / static_cast<double>(stats.tokens().size() - 1);
}

std::vector<int64_t> BlockOutputs::outliers(const Site& site) const {
  const auto& stats = at(site);
  if (stats.tokens().size() < 2) return {};
  std::vector<size_t> others(stats.tokens().size() - 1);
  std::iota(others.begin(), others.end(), size_t{1});
  return outlier_dimensions(stats.token(0), mean_abs_of(stats, others), stats.global_mean_abs());
}

std::optional<MassiveActivation> find_massive_activation(const BlockOutputs& outputs, int64_t sink_layer,
                                                         int64_t first) {
  std::optional<MassiveActivation> by_norm, by_dimension;
  const auto take_larger = [](std::optional<MassiveActivation>& found, MassiveActivation one) {
    if (one.norm > (found ? found->norm : 0)) found = std::move(one);
  };
  for (int64_t layer = first; layer < (sink_layer < 0 ? outputs.layers() : sink_layer); ++layer) {
    for (const auto point : {Point::attn_out, Point::mlp_out}) {
      const Site site{point, layer};
      const double norm = outputs.at(site).token(0).norm_mean, others = outputs.norm_at_others(site);
      auto outliers = outputs.outliers(site);
      if (norm >= kOverOthers * others) take_larger(by_norm, {.site = site, .norm = norm, .others = others});
      if (!outliers.empty()) {
        take_larger(by_dimension, {.site = site, .dimensions = std::move(outliers), .norm = norm, .others = others});
      }
    }
  }
  auto found = by_norm ? by_norm : by_dimension;
  if (!found) return found;
  const auto energy = outputs.at(found->site).token(0).energy;
  found->holding = dimensions_holding(energy, kHeld);
  if (!by_norm) return found;
  const auto order = std::get<1>(energy.topk(std::min(kNamed, found->holding)));
  for (int64_t i = 0; i < order.numel(); ++i) found->dimensions.push_back(order[i].item<int64_t>());
  return found;
}

nlohmann::json to_json(const MassiveActivation& found) {
  return {{"site", model::name(found.site)},     {"dimensions", found.dimensions},
          {"holding_99_percent", found.holding}, {"norm", found.norm},
          {"norm_at_others", found.others},      {"rule", kMassiveActivationRule}};
}

int64_t dimensions_holding(const at::Tensor& energy, double share) {
  const auto sorted = std::get<0>(energy.sort(/*dim=*/0, /*descending=*/true)).cumsum(0);
  const double wanted = share * sorted[-1].item<double>();
  return (sorted < wanted).sum().item<int64_t>() + 1;
}

}  // namespace sinkscope::measure
