#include "experiments/first_token/summary.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/first_token/growth.h"
#include "sinkscope/app/vocabulary_ids.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

constexpr double kQuantiles[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
constexpr size_t kMedian = 3;  // of these
constexpr double kEnergyShare = 0.9;
constexpr int64_t kMostDimensions = 16;
constexpr size_t kMostNamed = 100;

/// [L + 1] rows of quantiles over ids.
std::vector<std::vector<double>> norm_quantiles(const at::Tensor& norm) {
  std::vector<std::vector<double>> by_layer;
  for (int64_t place = 0; place < norm.size(1); ++place) {
    auto values = model::to_vector(norm.select(1, place));
    std::sort(values.begin(), values.end());
    by_layer.emplace_back();
    for (const double p : kQuantiles) by_layer.back().push_back(measure::quantile(values, p));
  }
  return by_layer;
}

/// {"share", "dimensions"}: by mean |x| after that block, as few as hold the share of the mean ‖x‖².
json dimensions_after(const Atlas& atlas, int64_t place) {
  const auto mean = model::to_vector(atlas.mean[place]), square = model::to_vector(atlas.mean_square[place]);
  const auto [mean_abs, order] = atlas.mean_abs[place].sort(/*dim=*/0, /*descending=*/true);
  const double whole = std::accumulate(square.begin(), square.end(), 0.0);
  double held = 0;
  auto dimensions = json::array();
  for (int64_t i = 0; i < std::min(kMostDimensions, order.numel()) && held < kEnergyShare * whole; ++i) {
    const auto d = order[i].item<int64_t>();
    held += square[d];
    dimensions.push_back(
        {{"dimension", d}, {"mean", mean[d]}, {"mean_abs", mean_abs[i].item<double>()}, {"share", square[d] / whole}});
  }
  return {{"share", whole > 0 ? held / whole : 0}, {"dimensions", dimensions}};
}

/// The ids whose norm is nearer to what it was before the growth, weakest first; null where no block writes a massive
/// activation. `norm` and `cosine` are of the complete growth, `cosine` empty where no layer reads it.
json without_growth(const Atlas& atlas, const Growth& growth, const std::vector<double>& norm,
                    const std::vector<double>& cosine, const text::Tokenizer* tokenizer) {
  if (!growth.is_massive()) return {};
  const double limit = growth.norm_between();
  std::vector<size_t> failing;
  for (size_t i = 0; i < norm.size(); ++i) {
    if (norm[i] < limit) failing.push_back(i);
  }
  std::stable_sort(failing.begin(), failing.end(), [&](size_t a, size_t b) { return norm[a] < norm[b]; });
  auto named = json::array();
  for (size_t i = 0; i < std::min(kMostNamed, failing.size()); ++i) {
    const size_t which = failing[i];
    named.push_back({{"id", atlas.ids[which]},
                     {"piece", app::piece_of(atlas.ids[which], tokenizer)},
                     {"norm", norm[which]},
                     {"norm_by_layer", model::to_vector(atlas.norm[static_cast<int64_t>(which)])},
                     {"key_cosine", cosine.empty() ? json() : json(cosine[which])}});
  }
  return {{"norm_below", limit}, {"count", failing.size()}, {"ids", named}};
}

std::vector<double> medians(const std::vector<std::vector<double>>& quantiles) {
  std::vector<double> by_place;
  for (const auto& row : quantiles) by_place.push_back(row[kMedian]);
  return by_place;
}

std::vector<int64_t> growth_layers(const at::Tensor& norm) {
  const auto growth = norm.slice(1, 1) / norm.slice(1, 0, -1).clamp_min(Growth::kTiny);
  return model::to_int_vector(growth.argmax(1));
}

}  // namespace

json summarize_atlas(const Atlas& atlas, const text::Tokenizer* tokenizer) {
  const auto quantiles = norm_quantiles(atlas.norm);
  const auto largest = find_growth(medians(quantiles));
  const int64_t after = largest.complete_layer + 1;  // the place when it is complete, and the layer whose keys hold it
  const bool read = after < atlas.key_cosine.size(1);
  const auto norm = model::to_vector(atlas.norm.select(1, after));
  const auto cosine = read ? model::to_vector(atlas.key_cosine.select(1, after)) : std::vector<double>{};
  auto found = dimensions_after(atlas, largest.layer + 1);
  found.update({{"layer", largest.layer},
                {"growth", largest.growth},
                {"median_norm", largest.median_norm},
                {"complete_layer", largest.complete_layer},
                {"complete_norm", largest.complete_norm},
                {"key_layer", read ? json(after) : json()}});
  return {{"ids", atlas.ids},
          {"pieces", app::pieces_of(atlas.ids, tokenizer)},
          {"kinds", app::kinds_of(atlas.ids, tokenizer)},
          {"largest_growth", found},
          {"without_growth", without_growth(atlas, largest, norm, cosine, tokenizer)},
          {"norm_quantiles", {{"p", kQuantiles}, {"by_layer", quantiles}}},
          {"growth_layer", growth_layers(atlas.norm)},
          {"after_growth",
           {{"norm", norm},
            {"max_dimension", model::to_int_vector(atlas.max_dimension.select(1, after))},
            {"key_cosine", read ? json(cosine) : json()}}}};
}

json atlas_metric_definitions() {
  return {
      {"norm",
       "‖x‖ of the residual at token 0, its id alone in the sample: column 0 after the embedding, l + 1 after "
       "block l"},
      {"max_abs", "largest |x| of that residual; max_dimension: the dimension of it"},
      {"key_norm",
       "mean over key heads of the vector norm of token 0's key after rotary (rot_k), by layer; "
       "value_norm: of its value (v)"},
      {"key_cosine",
       "mean over key heads of the cosine between an id's key (rot_k at position 0) and the mean of that "
       "head's keys over the swept ids, by layer"},
      {"growth_layer", "the block with the largest norm after / norm before, by id"},
      {"largest_growth",
       fmt::format("the block with the largest median norm over ids after / before; its dimensions: by mean |x| "
                   "over ids after it, as few as hold {} of the mean ‖x‖², at most {}; share: of the mean ‖x‖²; "
                   "complete_layer: several blocks may write in a row; the first block after which the median norm is "
                   "{} of the largest that it reaches before it falls below the geometric mean of those before and "
                   "after this block; complete_norm: the median after it; key_layer: the layer after it, whose keys "
                   "are made of it",
                   kEnergyShare, kMostDimensions, Growth::kComplete)},
      {"after_growth", "norm and max_dimension after the complete_layer, key_cosine in the key_layer"},
      {"without_growth",
       fmt::format(
           "ids whose norm after the complete_layer is below norm_below, the geometric mean of the vocabulary's "
           "median norms before the growth and after the complete_layer, weakest first; norm_by_layer as the "
           "columns of norm; null where the median grows less than {}-fold in every block",
           Growth::kMassive)},
      {"norm_quantiles", "over ids, linear between order statistics; rows as the columns of norm"},
      {"kinds", "by the token's characters without leading spaces; see token_kinds.h"}};
}

}  // namespace sinkscope::experiments
