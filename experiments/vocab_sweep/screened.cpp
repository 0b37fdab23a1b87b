#include "experiments/vocab_sweep/screened.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "sinkscope/measure/screen.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

/// The pilot's scores by layer, which a sink in one layer moves more than their mean, by sample (of samples that have a
/// query), and, at position 0, the atlas values of the id's path.
std::vector<std::vector<double>> features(const Measured& m) {
  const auto& pilot = m.tables.at(PassOf::pilot);
  const auto& score = pilot.at("score");
  std::vector<at::Tensor> columns{pilot.at("by_layer"),
                                  score.index({at::indexing::Slice(), score.isnan().any(0).logical_not()})};
  if (const auto path = pilot.find("path"); path != pilot.end()) columns.push_back(path->second);
  auto all = at::cat(columns, 1);
  all = all.contiguous();
  std::vector<std::vector<double>> rows;
  for (int64_t id = 0; id < all.size(0); ++id) {
    const double* row = all.const_data_ptr<double>() + id * all.size(1);
    rows.emplace_back(row, row + all.size(1));
  }
  return rows;
}

measure::Screen screen_of(const Measured& m) {
  return measure::fit_screen(features(m), audit_set(m.plan), row_means(m.tables.at(PassOf::audit).at("score")));
}

measure::Refinement refinement_of(const Measured& m, const measure::Screen& screen) {
  return measure::choose_refined(screen, audit_set(m.plan), row_means(m.tables.at(PassOf::audit).at("score")),
                                 {static_cast<size_t>(m.plan.top), m.plan.outlier_z});
}

json to_json(const measure::Tail& tail) {
  return {{"threshold", tail.threshold}, {"expected", tail.expected}, {"expected_misses", tail.expected_misses}};
}

/// Share of the tokens that a full measurement of every id would take.
double token_share(const Measured& m, size_t full) {
  const auto tokens = static_cast<double>(m.plan.samples * m.plan.length);
  const auto pilot = static_cast<double>(m.plan.pilot_samples * m.plan.pilot_length);
  return pilot / tokens + static_cast<double>(full) / static_cast<double>(m.plan.ids.size());
}

}  // namespace

json apply_screen(const Measured& m, size_t full, Scores& sweep) {
  const auto screen = screen_of(m);
  const auto refinement = refinement_of(m, screen);
  const std::vector<double> exact = sweep.score;
  json flags = json::array(), low = json::array(), high = json::array();
  const double below = screen.residual_quantile(0.025), above = screen.residual_quantile(0.975);
  for (size_t i = 0; i < exact.size(); ++i) {
    const bool known = !std::isnan(exact[i]);
    if (!known) sweep.score[i] = screen.predicted[i];
    flags.push_back(known);
    low.push_back(sweep.score[i] + (known ? 0 : below));
    high.push_back(sweep.score[i] + (known ? 0 : above));
  }
  const auto spread = measure::corrected_spread(screen, exact);
  sweep.mean = spread.mean;
  sweep.sd = spread.sd;
  sweep.counts = measure::corrected_counts(screen, exact, histogram_edges(sweep.score));
  sweep.by_layer = m.tables.at(PassOf::audit).at("by_layer");
  return {{"pilot", {{"samples", m.plan.pilot_samples}, {"length", m.plan.pilot_length}}},
          {"audit",
           {{"ids", m.tables.at(PassOf::audit).at("score").size(0)},
            {"residual_sd", screen.residual_sd},
            {"residual_quantiles",
             {screen.residual_quantile(0), below, screen.residual_quantile(0.5), above, screen.residual_quantile(1)}}}},
          {"refined", m.refined.size()},
          {"to_refine", ids_at(m.plan, refinement.ids)},
          {"token_share", token_share(m, full)},
          {"sd_of_predictions", spread.sd_of_predictions},
          {"top", to_json(refinement.top)},
          {"bottom", to_json(refinement.bottom)},
          {"high_outliers", to_json(refinement.high_outliers)},
          {"low_outliers", to_json(refinement.low_outliers)},
          {"exact", flags},
          {"low", low},
          {"high", high}};
}

std::vector<int64_t> ids_at(const Plan& plan, const std::vector<size_t>& indices) {
  std::vector<int64_t> ids;
  for (const size_t i : indices) ids.push_back(plan.ids[i]);
  return ids;
}

std::vector<std::string> screen_warnings(const Measured& m) {
  const size_t full = m.refined.size() + static_cast<size_t>(m.plan.audit);
  if (!m.plan.screens || token_share(m, full) < 0.5) return {};
  return {fmt::format("the screen took {:.0f} % of a full sweep's tokens: its pilot predicts these scores poorly",
                      100 * token_share(m, full))};
}

std::vector<int64_t> ids_to_refine(const Measured& m) {
  return ids_at(m.plan, refinement_of(m, screen_of(m)).ids);
}

}  // namespace sinkscope::experiments::sweep
