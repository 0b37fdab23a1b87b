#include "sinkscope/measure/vector_stats.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
namespace {

double mean_of(const std::vector<double>& values) {
  return summarize(values).mean;
}

}  // namespace

VectorStats::VectorStats(std::vector<int64_t> tokens) : tokens_(std::move(tokens)), sums_(tokens_.size()) {}

/// Neighbours of one length at once: on a GPU every sample by itself would wait for a hundred small kernels.
void VectorStats::add(const at::Tensor& x, const std::vector<int64_t>& lengths) {
  const auto n = static_cast<size_t>(x.size(0));
  for (size_t first = 0, end = 0; first < n; first = end) {
    while (end < n && lengths[end] == lengths[first]) ++end;
    add_of_one_length(x.slice(0, static_cast<int64_t>(first), static_cast<int64_t>(end)).slice(1, 0, lengths[first]));
  }
}

void VectorStats::add_of_one_length(const at::Tensor& any) {
  const auto x = any.flatten(2);
  const auto magnitudes = x.abs().flatten(1);
  for (const double sum : model::to_vector(magnitudes.sum(1, /*keepdim=*/false, at::kDouble))) abs_sum_ += sum;
  numbers_ += static_cast<double>(x.numel());
  const auto medians = model::to_vector(std::get<0>(magnitudes.to(at::kFloat).median(1)));

  std::vector<int64_t> there;  // places in tokens_
  for (size_t which = 0; which < tokens_.size(); ++which) {
    if (tokens_[which] < x.size(1)) there.push_back(static_cast<int64_t>(which));
  }
  if (there.empty()) return;
  std::vector<at::Tensor> chosen;
  for (const int64_t which : there) chosen.push_back(x.select(1, tokens_[static_cast<size_t>(which)]));
  const auto v = at::stack(chosen, 1).to(at::kDouble);  // [n, tokens, D]
  const auto norm = at::linalg_vector_norm(v, 2, at::IntArrayRef{-1}), norms = norm.to(at::kCPU);
  const auto largest = std::get<0>(v.abs().topk(std::min<int64_t>(2, v.size(2)))).to(at::kCPU);
  const auto unit = at::where((norm > 0).unsqueeze(-1), v / norm.unsqueeze(-1), 0.0).sum(0);
  const auto sum = v.sum(0), abs = v.abs().sum(0), square = v.square().sum(0);
  for (size_t i = 0; i < there.size(); ++i) {
    auto& sums = sums_[static_cast<size_t>(there[i])];
    const auto place = static_cast<int64_t>(i);
    sums.unit = sums.unit.defined() ? sums.unit + unit[place] : unit[place];
    sums.x = sums.x.defined() ? sums.x + sum[place] : sum[place];
    sums.abs = sums.abs.defined() ? sums.abs + abs[place] : abs[place];
    sums.square = sums.square.defined() ? sums.square + square[place] : square[place];
    sums.add(model::to_vector(norms.select(1, place)), model::to_vector(largest.select(1, place).select(1, 0)),
             model::to_vector(largest.select(1, place).square().sum(1)), medians);
  }
}

/// Of every sample: ‖x‖, the largest |x|, the two largest x², the state's median |x|.
void VectorStats::Sums::add(const std::vector<double>& norm, const std::vector<double>& top,
                            const std::vector<double>& two_squares, const std::vector<double>& median) {
  for (size_t i = 0; i < norm.size(); ++i) {
    norms.push_back(norm[i]);
    max_abs.push_back(top[i]);
    median_abs.push_back(median[i]);
    ratios.push_back(median[i] > 0 ? top[i] / median[i] : std::numeric_limits<double>::infinity());
    top2.push_back(norm[i] > 0 ? two_squares[i] / (norm[i] * norm[i]) : std::numeric_limits<double>::quiet_NaN());
    massive += top[i] > 100 && top[i] > 1000 * median[i];
  }
}

VectorStats::Token VectorStats::token(size_t which) const {
  const auto& sums = sums_[which];
  const auto n = static_cast<double>(sums.norms.size());
  Token t{};
  t.token = tokens_[which];
  t.samples = static_cast<int64_t>(sums.norms.size());
  if (t.samples == 0) return t;
  const auto norm = summarize(sums.norms);
  const double resultant = (sums.unit / n).square().sum().item<double>();
  t.norm_mean = norm.mean;
  t.norm_sd = norm.sd;
  t.spread = std::sqrt(std::max(0.0, 1 - resultant) / static_cast<double>(sums.unit.numel()));
  t.max_abs = mean_of(sums.max_abs);
  t.median_abs = mean_of(sums.median_abs);
  t.ratio = mean_of(sums.ratios);
  t.massive_rate = static_cast<double>(sums.massive) / n;
  t.top2_share = mean_of(sums.top2);
  t.mean = (sums.x / n).cpu();
  t.mean_abs = (sums.abs / n).cpu();
  t.energy = (sums.square / n).cpu();
  return t;
}

std::vector<VectorStats::Dimension> VectorStats::top_dimensions(size_t which, int64_t count) const {
  const auto t = token(which);
  if (t.samples == 0) return {};
  const auto order = std::get<1>(t.mean_abs.topk(std::min(count, t.mean_abs.numel())));
  std::vector<Dimension> top;
  for (int64_t i = 0; i < order.numel(); ++i) {
    const int64_t d = order[i].item<int64_t>();
    top.push_back({d, t.mean[d].item<double>(), t.mean_abs[d].item<double>()});
  }
  return top;
}

nlohmann::json VectorStats::to_json(size_t which, int64_t count) const {
  const auto t = token(which);
  auto dimensions = nlohmann::json::array();
  for (const auto& top : top_dimensions(which, count)) {
    dimensions.push_back(
        {{"dimension", top.dimension}, {"mean", finite(top.mean)}, {"mean_abs", finite(top.mean_abs)}});
  }
  return {{"token", t.token},
          {"samples", t.samples},
          {"norm", {{"mean", finite(t.norm_mean)}, {"sd", finite(t.norm_sd)}}},
          {"spread", finite(t.spread)},
          {"max_abs", finite(t.max_abs)},
          {"median_abs", finite(t.median_abs)},
          {"ratio", finite(t.ratio)},
          {"massive_rate", finite(t.massive_rate)},
          {"top2_share", finite(t.top2_share)},
          {"top_dimensions", dimensions}};
}

}  // namespace sinkscope::measure
