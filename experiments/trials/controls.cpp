// The controls that are made by themselves beside every trial.

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "pass.h"

namespace sinkscope::experiments::trials {
namespace {

using intervene::Edit;
using intervene::Trial;
using model::Point;
using model::Site;

bool is_residual(Point point) {
  return point == Point::embed || point == Point::resid_pre || point == Point::attn_out || point == Point::resid_mid ||
         point == Point::mlp_out || point == Point::resid_post;
}

bool edits_residual(const Trial& trial) {
  return std::any_of(trial.edits.begin(), trial.edits.end(), [](const Edit& e) { return is_residual(e.site.point); });
}

/// Weight of the norm that next reads what is written at a residual site; undefined elsewhere.
at::Tensor gain_at(const Site& site, const model::Model& model) {
  const int64_t last = model.config().n_layers - 1;
  switch (site.point) {
    case Point::embed: return model.block(0).input_layernorm;
    case Point::resid_pre:
    case Point::attn_in: return model.block(site.layer).input_layernorm;
    case Point::attn_out:
    case Point::resid_mid:
    case Point::mlp_in: return model.block(site.layer).post_attention_layernorm;
    case Point::mlp_out:
    case Point::resid_post: return site.layer < last ? model.block(site.layer + 1).input_layernorm : at::Tensor();
    default: return {};
  }
}

/// Largest |a - b|, where both are NaN none.
double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined() || a.numel() == 0) return 0;
  const auto both = a.isnan().logical_and(b.isnan());
  return at::where(both, at::zeros_like(a), (a - b).abs())
      .nan_to_num(std::numeric_limits<double>::infinity())
      .max()
      .item<double>();
}

}  // namespace

Outcome BatchTrials::run(const Trial& trial, const Rows& rows) {
  auto outcome = pass(trial, rows, Detail::full);
  if (!setting_.options.no_frozen && edits_residual(trial)) {
    outcome.frozen = pass(trial, rows, Detail::sink, {}, Norms::frozen).attention.select(1, 0);
  }
  if (trial.edits.empty()) return outcome;
  if (!trial.attention.empty()) {
    outcome.condition = pass({.attention = trial.attention}, rows, Detail::sink).attention.select(1, 0);
  }
  outcome.no_op = at::full({1, 1}, no_op(trial, rows), at::kDouble);
  outcome.outside = outside(trial, rows);
  outcome.moved = moved(trial, rows);
  if (setting_.options.controls > 0) outcome.random = random_controls(trial, rows);
  return outcome;
}

at::Tensor BatchTrials::random_controls(const Trial& trial, const Rows& rows) const {
  std::vector<at::Tensor> by_control;
  const auto seed = static_cast<uint64_t>(setting_.run.options().seed);
  for (int64_t control = 0; control < setting_.options.controls; ++control) {
    Adjusts adjusts;
    for (size_t i = 0; i < trial.edits.size(); ++i) {
      const auto& edit = trial.edits[i];
      const auto natural =
          edit.basis.defined() ? rows.at("unedited", edit.site, edit.all_but ? 0 : edit.tokens[0]) : at::Tensor();
      adjusts.push_back(intervene::random_move(edit, gain_at(edit.site, setting_.run.model()), natural,
                                               seed + 1'000'003 * static_cast<uint64_t>(control) + i));
    }
    by_control.push_back(pass(trial, rows, Detail::sink, adjusts).attention.select(1, 0));
  }
  return at::stack(by_control, 1);
}

/// Edits of one token, made at another position; undefined where they are of more tokens.
at::Tensor BatchTrials::moved(const Trial& trial, const Rows& rows) const {
  auto elsewhere = trial;
  for (auto& edit : elsewhere.edits) {
    if (edit.all_but || edit.tokens.size() != 1 || edit.tokens != trial.edits[0].tokens) return {};
    if (intervene::takes_rows(edit) && edit.from->tokens.empty()) edit.from->tokens = edit.tokens;
    edit.tokens = {setting_.options.other_token};
  }
  return pass(elsewhere, rows, Detail::sink).attention.select(1, 0);
}

/// Counts written coordinates outside the 1 to 99 % range that they have at token 0 and at the edited tokens.
at::Tensor BatchTrials::outside(const Trial& trial, const Rows& rows) const {
  auto counts = at::zeros({1, 2}, at::kDouble);
  for (const auto& edit : trial.edits) {
    if (!has_natural_range(edit)) continue;
    const auto natural = [&](int64_t token) { return rows.at("unedited", edit.site, token); };
    std::vector<at::Tensor> pool{natural(0)}, before;
    for (const int64_t token : edit.tokens) {
      if (token != 0) pool.push_back(natural(token));
      before.push_back(natural(token).slice(0, batch_.first, batch_.first + batch_.n));
    }
    const auto sorted = std::get<0>(intervene::coordinates(edit, at::cat(pool)).sort(0));
    const double last = static_cast<double>(sorted.size(0) - 1);
    const auto low = sorted[static_cast<int64_t>(0.01 * last)],
               high = sorted[static_cast<int64_t>(std::ceil(0.99 * last))];
    const auto after =
        intervene::coordinates(edit, intervene::changed(edit, at::stack(before, 1), source_of(edit, rows)));
    const auto slack = 1e-6 * (high - low) + 1e-12;
    const auto out = (after < low - slack).logical_or(after > high + slack);
    counts[0][0] += out.sum().to(at::kCPU, at::kDouble);
    counts[0][1] += static_cast<double>(after.numel());
  }
  return counts;
}

/// The same path with edits that give back what they got must give the unedited outcomes, bit by bit.
double BatchTrials::no_op(const Trial& trial, const Rows& rows) {
  const auto idle = without_conditions(trial);
  std::string where;
  for (const auto& edit : idle.edits)
    where += fmt::format("{} {} {};", model::name(edit.site), edit.all_but, fmt::join(edit.tokens, ","));
  if (const auto known = no_ops_.find(where); known != no_ops_.end()) return known->second;
  const intervene::Adjust keep = [](const at::Tensor& before, const at::Tensor&) { return before; };
  const auto outcome = pass(idle, rows, Detail::full, Adjusts(idle.edits.size(), keep));
  double largest = 0;
  for (const auto field : {&Outcome::attention, &Outcome::spike, &Outcome::loss, &Outcome::written}) {
    largest = std::max(largest, largest_difference(outcome.*field, unedited_.*field));
  }
  if (largest != 0)
    throw std::runtime_error(
        fmt::format("an edit at {} that changes nothing changed an outcome by {}", where, largest));
  return no_ops_[where] = largest;
}

}  // namespace sinkscope::experiments::trials
