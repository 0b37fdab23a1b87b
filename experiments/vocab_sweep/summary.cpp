#include "experiments/vocab_sweep/summary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "sinkscope/app/vocabulary_ids.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

constexpr int kBins = 150, kNamed = 20;

std::vector<double> count(const std::vector<double>& scores, const std::vector<double>& edges) {
  std::vector<double> counts(edges.size() - 1);
  const double low = edges.front(), width = edges[1] - edges[0];
  for (const double score : scores) {
    ++counts[std::min<size_t>(counts.size() - 1, static_cast<size_t>((score - low) / width))];
  }
  return counts;
}

json by_kind(const json& kinds, const std::vector<double>& scores) {
  std::map<std::string, std::vector<double>> groups;
  for (size_t i = 0; i < kinds.size(); ++i) groups[kinds[i]].push_back(scores[i]);
  auto list = json::array();
  for (auto& [kind, values] : groups) {
    std::sort(values.begin(), values.end());
    json quantiles;
    for (const double p : {0.0, 0.25, 0.5, 0.75, 1.0}) quantiles.push_back(measure::quantile(values, p));
    list.push_back({{"kind", kind},
                    {"count", values.size()},
                    {"mean", measure::summarize(values).mean},
                    {"quantiles", quantiles}});
  }
  return list;
}

json ranked(const std::vector<size_t>& order, const Scores& sweep, const Names& names) {
  auto list = json::array();
  for (const size_t i : order) {
    const json piece = names.pieces.is_array() ? names.pieces[i] : json();
    list.push_back({{"id", sweep.ids[i]}, {"piece", piece}, {"score", sweep.score[i]}});
  }
  return list;
}

json layer_summary(const at::Tensor& by_layer) {
  return {{"mean", model::to_vector(by_layer.mean(0))}, {"sd", model::to_vector(by_layer.std(0, /*unbiased=*/false))}};
}

}  // namespace

Names names_of(const std::vector<int64_t>& ids, const text::Tokenizer* tokenizer) {
  return {app::pieces_of(ids, tokenizer), app::kinds_of(ids, tokenizer)};
}

std::vector<double> histogram_edges(const std::vector<double>& scores) {
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  const double width = *high > *low ? (*high - *low) / kBins : 1e-9;
  std::vector<double> edges;
  for (int i = 0; i <= kBins; ++i) edges.push_back(*low + width * i);
  return edges;
}

json summarize_sweep(const Scores& sweep, const Names& names) {
  std::vector<size_t> order(sweep.score.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sweep.score[a] > sweep.score[b]; });
  const size_t named = std::min<size_t>(kNamed, order.size());
  const std::vector<size_t> top(order.begin(), order.begin() + named), bottom(order.rbegin(), order.rbegin() + named);
  const auto edges = histogram_edges(sweep.score);
  return {
      {"ids", sweep.ids},
      {"pieces", names.pieces},
      {"kinds", names.kinds},
      {"score", sweep.score},
      {"spread", measure::finite(sweep.spread)},
      {"mean", sweep.mean},
      {"sd", measure::finite(sweep.sd)},
      {"histogram", {{"edges", edges}, {"counts", sweep.counts.empty() ? count(sweep.score, edges) : sweep.counts}}},
      {"top", ranked(top, sweep, names)},
      {"bottom", ranked(bottom, sweep, names)},
      {"by_kind", names.kinds.is_array() ? by_kind(names.kinds, sweep.score) : json::array()},
      {"by_layer", layer_summary(sweep.by_layer)}};
}

json first_token_summary(const at::Tensor& score) {
  const auto scores = row_means(score);
  return {{"mean", measure::summarize(scores).mean}, {"score", scores}};
}

json paired_differences(const at::Tensor& score, const at::Tensor& mean_of_sample, int64_t vocabulary) {
  const auto difference = score - mean_of_sample;
  std::vector<double> means, half_widths;
  for (int64_t row = 0; row < score.size(0); ++row) {
    const auto of_row = measure::summarize(model::to_vector(difference[row]));
    const double t = measure::t_quantile(0.025 / static_cast<double>(vocabulary), of_row.n - 1);
    means.push_back(of_row.mean);
    half_widths.push_back(t * of_row.sd / std::sqrt(static_cast<double>(of_row.n)));
  }
  return {{"difference", means}, {"half_width", measure::finite(half_widths)}, {"corrected_for", vocabulary}};
}

std::vector<double> row_means(const at::Tensor& score) {
  return model::to_vector(score.nanmean(1));
}

std::vector<double> row_sds(const at::Tensor& score) {
  std::vector<double> sds;
  for (int64_t row = 0; row < score.size(0); ++row) sds.push_back(measure::summarize(model::to_vector(score[row])).sd);
  return sds;
}

}  // namespace sinkscope::experiments::sweep
