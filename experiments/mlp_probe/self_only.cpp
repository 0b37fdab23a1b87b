#include "experiments/mlp_probe/self_only.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/measure/outliers.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/measure/vector_stats.h"

namespace sinkscope::experiments {
namespace {

using measure::VectorStats;
using nlohmann::json;

constexpr int64_t kLastOrdinary = 8;
constexpr char kRule[] =
    "outlier at token t: |mean x_t[d]| >= 50 x the global mean |x| of the unchanged run and >= 5 x the mean |x[d]| of "
    "its "
    "tokens 1 to 8 other than t";

std::vector<model::Site> vector_sites(const model::Config& config) {
  std::vector<model::Site> sites;
  for (const auto& site : model::all_sites(config)) {
    const bool matrix = site.point == model::Point::attn_scores || site.point == model::Point::pattern;
    if (site.layer >= 0 && site.layer < kSelfOnlyLayers && !matrix) sites.push_back(site);
  }
  return sites;
}

std::vector<VectorStats> measure_sites(app::Run& r, const std::vector<model::Site>& sites,
                                       const std::vector<int64_t>& tokens,
                                       const intervene::AttentionCondition* change) {
  std::vector<VectorStats> stats(sites.size(), VectorStats(tokens));
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    if (change) taps.attention(change->change, change->layers);
    for (size_t i = 0; i < sites.size(); ++i) {
      taps.read(sites[i], [&, i](const at::Tensor& x) { stats[i].add(x, batch.lengths); });
    }
    r.forward(batch, taps);
  }
  return stats;
}

json describe(const VectorStats::Token& token, const at::Tensor& ordinary, double global_mean_abs) {
  auto outliers = json::array();
  for (const int64_t d : measure::outlier_dimensions(token, ordinary, global_mean_abs)) {
    outliers.push_back({{"dimension", d}, {"mean", token.mean[d].item<double>()}});
  }
  return {{"norm", {{"mean", measure::finite(token.norm_mean)}, {"sd", measure::finite(token.norm_sd)}}},
          {"spread", measure::finite(token.spread)},
          {"max_abs", measure::finite(token.max_abs)},
          {"outliers", outliers}};
}

}  // namespace

ProbeMask parse_probe_mask(const std::string& spec, const app::Run& r) {
  ProbeMask mask{intervene::parse_condition(spec), {}};
  mask.tokens = mask.change.change.self_only;
  if (mask.tokens.empty()) throw InputError(fmt::format("--self-only '{}': expected tokens=...", spec));
  model::check_tokens(mask.change.change, r.longest(), 0);
  model::Taps(r.config()).attention({}, mask.change.layers);
  return mask;
}

json probe_self_only(app::Run& r, const ProbeMask& mask, const std::string& spec) {
  std::set<int64_t> all{0};
  for (int64_t token = 1; token <= std::min(kLastOrdinary, r.longest() - 1); ++token) all.insert(token);
  all.insert(mask.tokens.begin(), mask.tokens.end());
  const std::vector<int64_t> tokens(all.begin(), all.end());
  const auto sites = vector_sites(r.config());
  const auto normal = measure_sites(r, sites, tokens, nullptr), masked = measure_sites(r, sites, tokens, &mask.change);

  auto described = json::array();
  for (size_t site = 0; site < sites.size(); ++site) {
    auto rows = json::array();
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool shown = tokens[i] == 0 || std::count(mask.tokens.begin(), mask.tokens.end(), tokens[i]) > 0;
      if (!shown || normal[site].token(i).samples == 0) continue;
      std::vector<size_t> ordinary;
      for (size_t j = 0; j < tokens.size(); ++j) {
        if (j != i && tokens[j] >= 1 && tokens[j] <= kLastOrdinary) ordinary.push_back(j);
      }
      const auto reference = measure::mean_abs_of(normal[site], ordinary);
      const double global = normal[site].global_mean_abs();
      rows.push_back({{"token", tokens[i]},
                      {"normal", describe(normal[site].token(i), reference, global)},
                      {"self_only", describe(masked[site].token(i), reference, global)}});
    }
    described.push_back({{"site", model::name(sites[site])}, {"tokens", rows}});
  }
  return {{"spec", spec}, {"rule", kRule}, {"sites", described}};
}

}  // namespace sinkscope::experiments
