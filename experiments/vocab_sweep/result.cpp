#include "experiments/vocab_sweep/result.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "experiments/vocab_sweep/screened.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/safetensors.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

at::Tensor long_tensor(const std::vector<int64_t>& list) {
  return at::tensor(list, at::kLong);
}

/// Rows measured in full, with their indices into plan.ids.
struct Full {
  std::vector<int64_t> indices;
  Table table;
};

Full full_rows(const Measured& m) {
  if (!m.plan.screens) {
    Full all{{}, m.tables.at(PassOf::full)};
    for (size_t i = 0; i < m.plan.ids.size(); ++i) all.indices.push_back(static_cast<int64_t>(i));
    return all;
  }
  Full full;
  for (const size_t i : audit_set(m.plan)) full.indices.push_back(static_cast<int64_t>(i));
  std::vector<Table> tables{m.tables.at(PassOf::audit)};
  if (const auto refine = m.tables.find(PassOf::refine); refine != m.tables.end() && !m.refined.empty()) {
    std::unordered_map<int64_t, int64_t> index_of;
    for (size_t i = 0; i < m.plan.ids.size(); ++i) index_of[m.plan.ids[i]] = static_cast<int64_t>(i);
    for (const int64_t id : m.refined) full.indices.push_back(index_of.at(id));
    tables.push_back(refine->second);
  }
  full.table = joined(tables);
  return full;
}

/// [ids, ...] with the rows measured in full at their ids and NaN elsewhere.
at::Tensor placed(const at::Tensor& rows, const std::vector<int64_t>& indices, size_t ids) {
  auto sizes = rows.sizes().vec();
  sizes[0] = static_cast<int64_t>(ids);
  auto all = at::full(sizes, kUnknown, rows.options());
  all.index_copy_(0, long_tensor(indices), rows);
  return all;
}

void write_sidecar(const Measured& m, const Full& full, const std::filesystem::path& out, json& findings) {
  const auto sidecar = sidecar_of(out);
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  const auto add = [&](const char* name, const at::Tensor& rows) {
    tensors.emplace_back(name, placed(rows, full.indices, m.plan.ids.size()));
    findings[name] = {{"file", sidecar.filename().string()}, {"tensor", name}};
  };
  add("by_layer_id", full.table.at("by_layer").to(at::kFloat));
  if (full.table.contains("by_head")) add("by_head_id", full.table.at("by_head"));
  model::write_safetensors(sidecar, tensors, {{"result", out.filename().string()}});
}

}  // namespace

void check_name(const std::filesystem::path& out) {
  app::refuse_standard_output(out.string(), "a .safetensors file and a journal take the result's name");
  if (out.extension() == ".json") return;
  throw InputError(fmt::format(
      "--out {}: expected a name that ends in .json; the .safetensors and .journal files take the same name",
      out.string()));
}

std::filesystem::path sidecar_of(const std::filesystem::path& out) {
  return std::filesystem::path(out).replace_extension(".safetensors");
}

json write_findings(const Measured& m, const std::filesystem::path& out) {
  const auto full = full_rows(m);
  const auto& score = full.table.at("score");
  Scores sweep;
  sweep.ids = m.plan.ids;
  sweep.score.assign(sweep.ids.size(), kUnknown);
  sweep.spread = sweep.score;
  sweep.by_layer = full.table.at("by_layer");
  const auto means = row_means(score), sds = row_sds(score);
  for (size_t row = 0; row < means.size(); ++row) {
    sweep.score[full.indices[row]] = means[row];
    sweep.spread[full.indices[row]] = sds[row];
  }
  json screen;
  if (m.plan.screens) {
    screen = apply_screen(m, full.indices.size(), sweep);
  } else {
    const auto summary = measure::summarize(sweep.score);
    sweep.mean = summary.mean;
    sweep.sd = summary.sd;
  }
  auto findings = summarize_sweep(sweep, m.names);
  findings.update(m.baseline);
  findings["position"] = m.plan.at;
  const auto& of_vocabulary = m.plan.screens ? m.tables.at(PassOf::audit).at("score") : score;
  findings["paired"] = paired_differences(score, of_vocabulary.nanmean(0), static_cast<int64_t>(m.plan.ids.size()));
  findings["paired"]["ids"] = ids_at(m.plan, {full.indices.begin(), full.indices.end()});
  if (m.plan.screens) {
    findings["screen"] = screen;
  } else if (full.table.contains("first")) {
    findings["first"] = first_token_summary(full.table.at("first"));
  }
  write_sidecar(m, full, out, findings);
  return findings;
}

json metrics(const Plan& plan) {
  auto definitions = measure::sink_metric_definitions(plan.q_min);
  definitions["score"] =
      fmt::format("mean_attention({}) over all layers, heads and samples with the id at position {}", plan.at, plan.at);
  definitions["spread"] = "standard deviation of an id's score over samples; null where the score is predicted";
  definitions["kinds"] = "by the token's characters without leading spaces; see token_kinds.h";
  definitions["paired"] =
      "an id's score less the mean over ids of the same sample, averaged over samples; half_width of a 95 % interval "
      "for new texts by Student's t, corrected (Bonferroni) for the number of ids; of a screen the mean over the audit "
      "set, whose own error (a shift of all ids) is not in the interval";
  if (!plan.screens) return definitions;
  definitions["screen"] = fmt::format(
      "every id by a pilot ({} samples of {} tokens, queries q >= {}); {} ids drawn at random (audit) by all {} "
      "samples of {} tokens. "
      "Scores are regressed on the pilot's by layer and by sample and, at position 0, on the id's largest residual "
      "norm "
      "and mean value norm (ridge, its strength by cross-validation); residuals by 10 folds of the audit set. Ids are "
      "refined, that is measured in full, until at most 0.5 % "
      "of the top and bottom {} and 0.05 of the outliers beyond {} standard deviations are expected to be missed. "
      "`exact` scores hold for these texts; the others are predictions, `low` to `high` their 95 % interval by "
      "quantiles of the held-out residuals. `mean`, `sd` and histogram are corrected by the audit",
      plan.pilot_samples, plan.pilot_length, pilot_q_min(plan), plan.audit, plan.samples, plan.length, plan.top,
      plan.outlier_z);
  definitions["by_layer"] = "over the audit set; ids that were not measured in full are NaN in the sidecar";
  return definitions;
}

}  // namespace sinkscope::experiments::sweep
