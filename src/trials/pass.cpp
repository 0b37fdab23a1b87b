#include "sinkscope/trials/pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

namespace sinkscope::trials {
namespace {

using intervene::Edit;
using intervene::Trial;
using model::Point;
using model::Site;

/// Of the trials, their no-ops and their conditions alone.
std::vector<Site> starts_of(const std::vector<Trial>& list, const model::Config& config) {
  std::vector<Site> starts;
  for (const auto& trial : list) {
    starts.push_back(start_of(trial, config));
    if (trial.edits.empty()) continue;
    starts.push_back(start_of(without_conditions(trial), config));
    if (trial.attention.any()) starts.push_back(start_of({.attention = trial.attention}, config));
  }
  return starts;
}

}  // namespace

Trial without_conditions(Trial trial) {
  trial.attention = {};
  return trial;
}

std::string place_of(const Trial& trial) {
  std::string place;
  for (const auto& edit : trial.edits) {
    place += fmt::format("{} {} {};", model::name(edit.site), edit.all_but, fmt::join(edit.tokens, ","));
  }
  return place;
}

Site start_of(const Trial& trial, const model::Config& config) {
  std::vector<Site> starts;
  for (const auto& edit : trial.edits) starts.push_back(model::start_of(edit.site, config));
  if (trial.attention.any()) {
    const auto& layers = trial.attention.layers;
    const int64_t first = layers.empty() ? 0 : *std::min_element(layers.begin(), layers.end());
    starts.push_back({Point::resid_pre, first});
  }
  return *std::min_element(starts.begin(), starts.end(), model::before);
}

BatchTrials::BatchTrials(const Setting& setting, const Part& part, const std::vector<Trial>& list)
    : setting_(setting),
      batch_(part.batch),
      samples_(part.samples),
      cache_(starts_of(list, setting.run.config())),
      unedited_(run_unedited()) {}

Outcome BatchTrials::run_unedited() {
  model::Taps taps(setting_.run.config());
  Reading reading(setting_, batch_, Detail::full, {Point::embed});
  reading.attach(taps);
  cache_.attach(taps);
  if (!setting_.options.no_frozen) keep_scales(taps);
  setting_.run.forward(batch_, taps);
  return reading.outcome({});
}

Outcome BatchTrials::pass(const Trial& trial, const SourceActivations& rows, Detail detail, const Adjusts& adjusts,
                          Norms norms) const {
  return pass_from(cache_.at(start_of(trial, setting_.run.config())), trial, rows, detail, adjusts, norms);
}

Outcome BatchTrials::pass_from(const model::Start& start, const Trial& trial, const SourceActivations& rows,
                               Detail detail, const Adjusts& adjusts, Norms norms) const {
  Reading reading(setting_, batch_, detail, start.site);
  if (detail == Detail::sink && !reading.sees_attention()) return reading.outcome(unedited_);
  model::Taps taps(setting_.run.config());
  if (trial.attention.any()) taps.attention(trial.attention.change, trial.attention.layers);
  attach_edits(taps, reading, trial, rows, adjusts);
  reading.attach(taps);
  if (norms == Norms::frozen) freeze_norms(taps, start.site);
  setting_.run.resume(start, taps);
  return reading.outcome(unedited_);
}

model::Start BatchTrials::start_of_edits(const Trial& trial) const {
  auto& r = setting_.run;
  const Site start = start_of(trial, r.config()), edits = start_of(without_conditions(trial), r.config());
  const bool seen = Reading(setting_, batch_, Detail::sink, edits).sees_attention();
  if (!seen || !model::before(start, edits)) return cache_.at(start);
  model::PassCache kept({edits});
  model::Taps taps(r.config());
  taps.attention(trial.attention.change, trial.attention.layers);
  kept.attach(taps);
  r.resume(cache_.at(start), taps);
  return kept.at(edits);
}

/// Without those that the reading does not see: a control ends with the sink layer's attention.
void BatchTrials::attach_edits(model::Taps& taps, const Reading& reading, const Trial& trial,
                               const SourceActivations& rows, const Adjusts& adjusts) const {
  for (size_t i = 0; i < trial.edits.size(); ++i) {
    if (!reading.sees(trial.edits[i].site)) continue;
    taps.edit(trial.edits[i].site, intervene::bind(trial.edits[i], source_of(trial.edits[i], rows, samples_),
                                                   adjusts.empty() ? intervene::Adjust{} : adjusts[i]));
  }
}

/// Of every norm up to the MLP of the massive activation's block, or the sink layer's attention where there is none.
void BatchTrials::keep_scales(model::Taps& taps) {
  const auto& massive = setting_.massive_activation;
  const Site end = massive ? Site{Point::mlp_in, massive->site.layer} : Site{Point::attn_in, setting_.sink_layer};
  for (int64_t layer = 0; layer <= end.layer; ++layer) {
    for (const Site& site : {Site{Point::attn_in, layer}, Site{Point::mlp_in, layer}}) {
      const auto norm = setting_.run.model().reader_of(site)->norm;
      if (!norm.there() || model::before(end, site)) continue;
      taps.read(site, [this, site, norm](const at::Tensor& x) { scales_[site] = norm.scale(x); });
    }
  }
}

/// These norms divide by the unedited scale.
void BatchTrials::freeze_norms(model::Taps& taps, const Site& start) const {
  for (const auto& [site, unedited] : scales_) {
    if (model::before(site, start)) continue;
    const auto reader = setting_.run.model().reader_of(site);
    const auto now = std::make_shared<at::Tensor>();
    taps.read(site, [now, norm = reader->norm](const at::Tensor& x) { *now = norm.scale(x); });
    taps.edit(reader->normed, [now, then = unedited](const at::Tensor& x) {
      return (x.to(at::kFloat) * (*now / then)).to(x.scalar_type());
    });
  }
}

bool BatchTrials::keeps(const std::vector<Trial>& list) const {
  const auto starts = starts_of(list, setting_.run.config());
  return std::all_of(starts.begin(), starts.end(), [&](const Site& start) { return cache_.holds(start); });
}

Outcome BatchTrials::probe(const Trial& trial, const SourceActivations& rows) const {
  return pass(trial, rows, Detail::sink);
}

at::Tensor BatchTrials::rows(const Trial& trial, const SourceActivations& sources, const Site& site) const {
  const auto& config = setting_.run.config();
  const auto& start = cache_.at(start_of(trial, config));
  const Reading reading(setting_, batch_, Detail::sink, start.site);
  model::Taps taps(config);
  if (trial.attention.any()) taps.attention(trial.attention.change, trial.attention.layers);
  attach_edits(taps, reading, trial, sources, {});
  at::Tensor read;
  taps.read(site, [&](const at::Tensor& x) {
    const auto tokens = at::tensor(setting_.keys.tracked, at::kLong).to(x.device());
    read = x.index_select(1, tokens).flatten(2).to(at::kFloat);
  });
  setting_.run.resume(start, taps);
  return read;
}

at::Tensor BatchTrials::source_of(const Edit& edit, const SourceActivations& rows, const at::Tensor& samples) const {
  if (!intervene::takes_rows(edit)) return {};
  std::vector<at::Tensor> by_token;
  for (const int64_t token : intervene::edited_tokens(edit, batch_.ids.size(1))) {
    std::vector<at::Tensor> averaged;
    for (const int64_t from : edit.from->tokens.empty() ? std::vector{token} : edit.from->tokens) {
      averaged.push_back(rows.at(edit.from->run, edit.from->site, from));
    }
    auto all = averaged.size() == 1 ? averaged[0] : at::stack(averaged).mean(0);  // [samples, D]
    if (edit.operation == intervene::Operation::mean) {
      if (setting_.means_over.defined()) all = all.index_select(0, setting_.means_over.to(all.device()));
      by_token.push_back(all.mean(0, true));
      continue;
    }
    if (edit.operation == intervene::Operation::resample) {
      all = all.index_select(0, at::tensor(setting_.resample_from, at::kLong).to(all.device()));
    }
    by_token.push_back(all.index_select(0, samples.to(all.device())));
  }
  return at::stack(by_token, 1);
}

}  // namespace sinkscope::trials
