#include "sweep_summary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "sinkscope/measure/statistics.h"
#include "vocabulary_ids.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

constexpr int kBins = 150, kNamed = 20;

json histogram(const std::vector<double>& scores) {
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  const double width = *high > *low ? (*high - *low) / kBins : 1e-9;
  std::vector<double> edges;
  for (int i = 0; i <= kBins; ++i) edges.push_back(*low + width * i);
  std::vector<int64_t> counts(kBins);
  for (const double score : scores)
    ++counts[std::min<int64_t>(kBins - 1, static_cast<int64_t>((score - *low) / width))];
  return {{"edges", edges}, {"counts", counts}};
}

json by_kind(const json& kinds, const std::vector<double>& scores) {
  std::map<std::string, std::vector<double>> groups;
  for (size_t i = 0; i < kinds.size(); ++i) groups[kinds[i].get<std::string>()].push_back(scores[i]);
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

json ranked(const std::vector<size_t>& order, const SweepScores& sweep, const std::vector<double>& scores,
            const text::Tokenizer* tokenizer) {
  auto list = json::array();
  for (const size_t i : order) {
    const int64_t id = sweep.ids[i];
    list.push_back({{"id", id}, {"piece", piece_of(id, tokenizer)}, {"score", scores[i]}});
  }
  return list;
}

json layer_summary(const at::Tensor& by_layer) {
  return {{"mean", measure::to_vector(by_layer.mean(0))},
          {"sd", measure::to_vector(by_layer.std(0, /*unbiased=*/false))}};
}

}  // namespace

json summarize_sweep(const SweepScores& sweep, const text::Tokenizer* tokenizer) {
  const auto scores = measure::to_vector(sweep.score.nanmean(1));
  std::vector<double> spread;
  for (int64_t i = 0; i < sweep.score.size(0); ++i)
    spread.push_back(measure::summarize(measure::to_vector(sweep.score[i])).sd);
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  const size_t named = std::min<size_t>(kNamed, order.size());
  const std::vector<size_t> top(order.begin(), order.begin() + named), bottom(order.rbegin(), order.rbegin() + named);

  const auto kinds = kinds_of(sweep.ids, tokenizer);
  const auto summary = measure::summarize(scores);
  return {{"ids", sweep.ids},
          {"pieces", pieces_of(sweep.ids, tokenizer)},
          {"kinds", kinds},
          {"score", scores},
          {"spread", measure::finite(spread)},
          {"mean", summary.mean},
          {"sd", measure::finite(summary.sd)},
          {"histogram", histogram(scores)},
          {"top", ranked(top, sweep, scores, tokenizer)},
          {"bottom", ranked(bottom, sweep, scores, tokenizer)},
          {"by_kind", tokenizer ? by_kind(kinds, scores) : json::array()},
          {"by_layer", layer_summary(sweep.by_layer)}};
}

json first_token_summary(const at::Tensor& score) {
  const auto scores = measure::to_vector(score.nanmean(1));
  return {{"mean", measure::summarize(scores).mean}, {"score", scores}};
}

}  // namespace sinkscope::experiments
