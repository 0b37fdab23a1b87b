#include "sinkscope/trials/report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/separation.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials {
namespace {

using nlohmann::json;

constexpr double kFlaggedOutside = 0.05;  // 2 % lie outside a 1 to 99 % range by themselves

json with_difference(const Runner& r, const at::Tensor& unedited, const at::Tensor& edited) {
  return {{"unedited", measure::finite(unedited.nanmean().item<double>())},
          {"edited", measure::finite(edited.nanmean().item<double>())},
          {"difference", measure::to_json(r.bootstrap().interval(edited - unedited))}};
}

/// Attention of one key: at the sink layer with interval, and its mean by layer from there on.
json attention_of(const Runner& r, const at::Tensor& unedited, const at::Tensor& edited, int64_t key) {
  const auto a = unedited.select(2, key), b = edited.select(2, key);  // [n, layers]
  auto object = with_difference(r, a.select(1, 0), b.select(1, 0));
  auto low = json::array(), high = json::array();
  for (int64_t i = 0; i < a.size(1); ++i) {
    const auto interval = r.bootstrap().interval(b.select(1, i) - a.select(1, i));
    low.push_back(measure::finite(interval.low));
    high.push_back(measure::finite(interval.high));
  }
  object["by_layer"] = {{"unedited", measure::finite(model::to_vector(a.nanmean(0)))},
                        {"edited", measure::finite(model::to_vector(b.nanmean(0)))},
                        {"difference_low", low},
                        {"difference_high", high}};
  object["by_sample"] = {{"unedited", measure::finite(model::to_vector(a.select(1, 0)))},
                         {"edited", measure::finite(model::to_vector(b.select(1, 0)))}};
  return object;
}

/// Mean effects of the random controls on one tracked token, and how the edit's own ranks among them.
json random_of(const at::Tensor& without_edits, const Outcome& outcome, int64_t key) {
  if (!outcome.random.defined()) return {};
  const auto base = without_edits.select(1, key);
  const auto effects = (outcome.random.select(2, key) - base.unsqueeze(1)).nanmean(0);
  const double own = std::abs((outcome.sink(key) - base).nanmean().item<double>());
  auto sizes = model::to_vector(effects.abs());
  std::sort(sizes.begin(), sizes.end());
  return {{"n", sizes.size()},
          {"mean", effects.mean().item<double>()},
          {"p95", measure::quantile(sizes, 0.95)},
          {"largest", sizes.back()},
          {"p", measure::p_value(sizes, own)}};
}

/// Back to the level of an ordinary token? An equivalence, never a missing significance.
const char* is_ordinary(const measure::Bootstrap::Interval& above, double bound) {
  const std::string reading = measure::reading(above, bound);
  return reading == "no effect" ? "yes" : reading == "effect" ? "no" : "undecided";
}

json by_kind(const Strata& strata, const at::Tensor& difference) {
  json object = json::object();
  for (const auto& [kind, bootstrap] : strata) object[kind] = measure::to_json(bootstrap.interval(difference));
  return object;
}

/// At the sink layer only: [n, tracked + 1].
json control_of(const Runner& r, const at::Tensor& base, const at::Tensor& control) {
  if (!control.defined() || !base.defined()) return {};
  auto list = json::array();
  const auto tracked = static_cast<int64_t>(r.keys().tracked.size());
  for (int64_t key = 0; key < tracked; ++key) {
    list.push_back(measure::to_json(r.bootstrap().interval(control.select(1, key) - base.select(1, key))));
    list.back()["token"] = r.keys().tracked[static_cast<size_t>(key)];
  }
  return list;
}

json outside_of(const Outcome& outcome) {
  if (!outcome.outside.defined()) return {};
  const auto values = model::to_vector(outcome.outside[0]);
  return {{"share", values[0]},
          {"largest", values[1]},
          {"dimension", values[2] < 0 ? json() : json(static_cast<int64_t>(values[2]))},
          {"flagged", values[1] > kFlaggedOutside}};
}

json describe(Runner& r, const Measured& of) {
  const auto& [trial, outcome] = of;
  const auto& unedited = r.unedited();
  const double sink = unedited.sink(0).nanmean().item<double>();
  auto object = intervene::to_json(trial);
  auto attention = json::array(), massive = json::array(), random = json::array();
  const auto& tracked = r.keys().tracked;
  const auto sink_layer = unedited.attention.select(1, 0);
  const auto without_edits = outcome.condition.defined() ? outcome.condition : sink_layer;
  for (size_t i = 0; i < tracked.size(); ++i) {
    const auto key = static_cast<int64_t>(i);
    auto one = attention_of(r, unedited.attention, outcome.attention, key);
    const auto difference = outcome.sink(key) - unedited.sink(key);
    one["token"] = tracked[i];
    one["reading"] = measure::reading(r.bootstrap().interval(difference), r.options().equivalence * sink);
    one["by_first_token"] = by_kind(r.by_first_token(), difference);
    if (!r.by_text().empty()) one["by_text"] = by_kind(r.by_text(), difference);
    const auto above = r.bootstrap().interval(outcome.sink(key) - outcome.ordinary());
    one["above_ordinary"] = measure::to_json(above);
    one["is_ordinary"] = is_ordinary(above, r.options().equivalence * sink);
    attention.push_back(std::move(one));
    if (outcome.massive.defined()) {
      massive.push_back(with_difference(r, unedited.massive.select(1, key), outcome.massive.select(1, key)));
      massive.back()["token"] = tracked[i];
    }
    if (auto effects = random_of(without_edits, outcome, key); !effects.is_null()) {
      effects["token"] = tracked[i];
      random.push_back(std::move(effects));
    }
  }
  object["mean_attention"] = std::move(attention);
  object["ordinary"] = attention_of(r, unedited.attention, outcome.attention, static_cast<int64_t>(tracked.size()));
  object["massive_activation"] = outcome.massive.defined() ? std::move(massive) : json();
  object["loss"] = outcome.loss.defined() ? with_difference(r, unedited.loss, outcome.loss) : json();
  object["from_condition"] = control_of(r, outcome.condition, outcome.attention.select(1, 0));
  object["frozen"] = control_of(r, sink_layer, outcome.frozen);
  object["controls"] = {
      {"no_op_largest_difference", outcome.no_op.defined() ? json(outcome.no_op.item<double>()) : json()},
      {"other_position",
       {{"token", r.options().other_token}, {"difference", control_of(r, without_edits, outcome.moved)}}},
      {"random", outcome.random.defined() ? std::move(random) : json()}};
  object["outside_natural_range"] = outside_of(outcome);
  return object;
}

}  // namespace

json describe(Runner& r, const std::vector<Measured>& list) {
  auto described = json::array();
  const auto named = [&](const std::string& name) -> const Outcome& {
    return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.trial.name == name; })->outcome;
  };
  for (const auto& one : list) {
    described.push_back(describe(r, one));
    if (one.trial.interaction_of.empty()) continue;
    const auto& a = named(one.trial.interaction_of[0]);
    const auto& b = named(one.trial.interaction_of[1]);
    auto interactions = json::array();
    for (size_t k = 0; k < r.keys().tracked.size(); ++k) {
      const auto key = static_cast<int64_t>(k);
      interactions.push_back(measure::to_json(
          r.bootstrap().interval(one.outcome.sink(key) - a.sink(key) - b.sink(key) + r.unedited().sink(key))));
      interactions.back()["token"] = r.keys().tracked[k];
    }
    described.back()["interaction"] = interactions;
  }
  return described;
}

}  // namespace sinkscope::trials
