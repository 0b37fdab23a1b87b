// The controls that are made by themselves beside every trial.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "sinkscope/trials/pass.h"

namespace sinkscope::trials {
namespace {

using intervene::Edit;
using intervene::Trial;
using model::Point;
using model::Site;

bool is_residual(Point point) {
  switch (point) {
    case Point::embed:
    case Point::resid_pre:
    case Point::attn_in:
    case Point::attn_out:
    case Point::resid_mid:
    case Point::mlp_in:
    case Point::mlp_out:
    case Point::resid_post: return true;
    default: return false;
  }
}

bool edits_residual(const Trial& trial) {
  return std::any_of(trial.edits.begin(), trial.edits.end(), [](const Edit& e) { return is_residual(e.site.point); });
}

/// An edit that gives a token what it has anyway, its own mean or that of another sample: elsewhere the other token's
/// own.
bool takes_its_own(const Edit& edit) {
  return edit.operation == intervene::Operation::mean || edit.operation == intervene::Operation::resample;
}

/// Gain of the norm that next reads what is written at a site of the residual; undefined elsewhere.
at::Tensor gain_at(const Site& site, const model::Model& model) {
  const auto reader = is_residual(site.point) ? model.reader_of(site) : std::nullopt;
  return reader ? reader->norm.weight : at::Tensor();
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

bool BatchTrials::reads_sink(const Trial& trial) const {
  return Reading(setting_, batch_, Detail::sink, start_of(trial, setting_.run.config())).sees_attention();
}

/// Whether a norm whose scale is frozen comes after the first edit.
bool BatchTrials::scales_freeze(const Trial& trial) const {
  const auto start = start_of(trial, setting_.run.config());
  return std::any_of(scales_.begin(), scales_.end(),
                     [&](const auto& scale) { return !model::before(scale.first, start); });
}

Outcome BatchTrials::run(const Trial& trial, const SourceActivations& rows) {
  auto outcome = pass(trial, rows, Detail::full);
  const bool seen = reads_sink(trial);
  if (seen && !setting_.options.no_frozen && edits_residual(trial) && scales_freeze(trial)) {
    outcome.frozen = pass(trial, rows, Detail::sink, {}, Norms::frozen).attention.select(1, 0);
  }
  if (seen) outcome.moved = moved(trial, rows);
  if (trial.edits.empty()) return outcome;
  if (trial.attention.any()) {
    outcome.condition = pass({.attention = trial.attention}, rows, Detail::sink).attention.select(1, 0);
  }
  outcome.no_op = at::full({1, 1}, no_op(trial, rows), at::kDouble);
  if (batch_.first == 0) outcome.outside = outside(trial, rows);
  if (seen && trial.random_controls && setting_.options.controls > 0) outcome.random = random_controls(trial, rows);
  return outcome;
}

at::Tensor BatchTrials::random_controls(const Trial& trial, const SourceActivations& rows) const {
  std::vector<at::Tensor> by_control;
  const auto begin = start_of_edits(trial);  // what comes before is the same for all of them
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
    by_control.push_back(pass_from(begin, trial, rows, Detail::sink, adjusts, Norms::free).attention.select(1, 0));
  }
  return at::stack(by_control, 1);
}

/// Edits of one token, or attention conditions of one, made at another position; undefined where they are of more
/// tokens.
at::Tensor BatchTrials::moved(const Trial& trial, const SourceActivations& rows) const {
  auto elsewhere = trial;
  if (trial.edits.empty()) {
    const auto condition = intervene::at_other_token(trial.attention, setting_.options.other_token);
    if (!condition) return {};
    elsewhere.attention = *condition;
  }
  for (auto& edit : elsewhere.edits) {
    if (edit.all_but || edit.tokens.size() != 1 || edit.tokens != trial.edits[0].tokens) return {};
    if (intervene::takes_rows(edit) && edit.from->tokens.empty() && !takes_its_own(edit))
      edit.from->tokens = edit.tokens;
    edit.tokens = {setting_.options.other_token};
  }
  return pass(elsewhere, rows, Detail::sink).attention.select(1, 0);
}

/// Of what the edits write, over all samples: the share outside the natural range, the largest share of samples that
/// one coordinate has outside, and that coordinate. Natural is the 1 to 99 % range that a coordinate has at token 0, at
/// an edited token or at a token that values come from, whichever reaches farther.
at::Tensor BatchTrials::outside(const Trial& trial, const SourceActivations& rows) const {
  double out = 0, all = 0, largest = 0, where = -1;
  for (const auto& edit : trial.edits) {
    if (!has_natural_range(edit)) continue;
    std::vector<at::Tensor> low, high, before;
    for (const int64_t token : natural_tokens(edit)) {
      const auto sorted =
          std::get<0>(intervene::coordinates(edit, rows.at("unedited", edit.site, token)).sort(0));  // [samples, C]
      const double last = static_cast<double>(sorted.size(0) - 1);
      low.push_back(sorted[static_cast<int64_t>(0.01 * last)]);
      high.push_back(sorted[static_cast<int64_t>(std::ceil(0.99 * last))]);
    }
    for (const int64_t token : edit.tokens) before.push_back(rows.at("unedited", edit.site, token));
    const auto least = at::stack(low).amin(0), most = at::stack(high).amax(0), slack = 1e-6 * (most - least) + 1e-12;
    const auto source = source_of(edit, rows, at::arange(before[0].size(0)));
    const auto after = intervene::coordinates(edit, intervene::changed(edit, at::stack(before, 1), source));
    const auto beyond = (after < least - slack).logical_or(after > most + slack).to(at::kCPU, at::kDouble);
    out += beyond.sum().item<double>();
    all += static_cast<double>(beyond.numel());
    const auto by_coordinate = beyond.mean(0).amax(0);  // [C]
    if (const double most_beyond = by_coordinate.max().item<double>(); most_beyond > largest) {
      const auto coordinate = by_coordinate.argmax().item<int64_t>();
      largest = most_beyond;
      where =
          static_cast<double>(edit.dimensions.empty() ? coordinate : edit.dimensions[static_cast<size_t>(coordinate)]);
    }
  }
  return all > 0 ? at::tensor({out / all, largest, where}, at::kDouble).unsqueeze(0) : at::Tensor();
}

/// The same path with edits that give back what they got must give the unedited outcomes, bit by bit.
double BatchTrials::no_op(const Trial& trial, const SourceActivations& rows) {
  const auto idle = without_conditions(trial);
  const auto where = place_of(idle);
  if (const auto known = no_ops_.find(where); known != no_ops_.end()) return known->second;
  const intervene::Adjust keep = [](const at::Tensor& before, const at::Tensor&) { return before; };
  const auto outcome = pass(idle, rows, Detail::full, Adjusts(idle.edits.size(), keep));
  double largest = 0;
  for (const auto field : {&Outcome::attention, &Outcome::massive, &Outcome::loss, &Outcome::written}) {
    largest = std::max(largest, largest_difference(outcome.*field, unedited_.*field));
  }
  if (largest != 0)
    throw std::runtime_error(
        fmt::format("an edit at {} that changes nothing changed an outcome by {}", where, largest));
  return no_ops_[where] = largest;
}

}  // namespace sinkscope::trials
