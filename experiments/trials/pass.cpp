#include "pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "sinkscope/intervene/self_only.h"
#include "sinkscope/measure/attention_to.h"
#include "sinkscope/measure/loss.h"

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

at::Tensor rms(const at::Tensor& x, double eps) {
  return (x.to(at::kFloat).square().mean(-1, true) + eps).sqrt();
}

/// The trial's edits under the model's own attention, whose path the no-op goes.
Trial edits_alone(Trial trial) {
  trial.attention.clear();
  return trial;
}

/// Of the trials, and of their no-ops.
std::vector<Site> starts_of(const std::vector<Trial>& list, const model::Config& config) {
  std::vector<Site> starts;
  for (const auto& trial : list) {
    starts.push_back(start_of(trial, config));
    if (!trial.edits.empty()) starts.push_back(start_of(edits_alone(trial), config));
  }
  return starts;
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

Site start_of(const Trial& trial, const model::Config& config) {
  std::vector<Site> starts;
  for (const auto& edit : trial.edits) starts.push_back(model::start_of(edit.site, config));
  if (!trial.attention.empty()) {
    const auto parsed = intervene::parse_self_only(trial.attention);
    const int64_t first = parsed.layers.empty() ? 0 : *std::min_element(parsed.layers.begin(), parsed.layers.end());
    starts.push_back({Point::resid_pre, first});
  }
  return *std::min_element(starts.begin(), starts.end(), model::before);
}

BatchTrials::BatchTrials(const Setting& setting, const app::Batch& batch, const std::vector<Trial>& list)
    : setting_(setting), batch_(batch), kept_(starts_of(list, setting.run.config())) {
  unedited_ = pass({}, Rows({}), Detail::full, {});
}

Outcome BatchTrials::pass(const Trial& trial, const Rows& rows, Detail detail, const Adjusts& adjusts, bool frozen) {
  auto& r = setting_.run;
  const bool is_unedited = trial.edits.empty() && trial.attention.empty();
  const Site start = is_unedited ? Site{Point::embed} : start_of(trial, r.config());
  const int64_t L = r.config().n_layers, T = batch_.ids.size(1);
  const auto reaches = [&](const Site& site) { return !model::before(site, start); };
  const int64_t last = detail == Detail::full ? L - 1 : setting_.sink_layer;
  std::vector<int64_t> layers;
  for (int64_t layer = setting_.sink_layer; layer <= last; ++layer) {
    if (reaches({Point::pattern, layer})) layers.push_back(layer);
  }

  if (detail == Detail::sink && layers.empty()) {  // begins after the last attention that is read: nothing differs
    return {.attention = unedited_.attention.slice(1, 0, 1), .spike = unedited_.spike};
  }
  model::Taps taps(r.config());
  if (!trial.attention.empty()) {
    const auto parsed = intervene::parse_self_only(trial.attention);
    taps.attention(parsed.change, parsed.layers);
  }
  attach_edits(taps, trial, rows, adjusts);
  measure::AttentionTo attention(setting_.keys.all(), setting_.keys.first_queries(r.options().q_min), layers);
  if (!layers.empty()) attention.attach(taps, batch_.lengths, T, r.device());

  Outcome outcome;
  const auto& spike = setting_.facts.spike;
  if (spike && reaches(spike->site)) {
    taps.read(spike->site, [&](const at::Tensor& x) {
      const auto tokens = at::tensor(setting_.keys.tracked, at::kLong).to(x.device());
      const auto dimensions = at::tensor(spike->dimensions, at::kLong).to(x.device());
      outcome.spike =
          x.index_select(1, tokens).index_select(2, dimensions).to(at::kFloat).norm(2, -1).to(at::kCPU, at::kDouble);
    });
  }
  const bool reads_loss = detail == Detail::full && !setting_.options.no_loss;
  measure::Loss loss([&r](const at::Tensor& x) { return r.model().unembed(x); });
  if (reads_loss) loss.attach(taps, batch_.ids, batch_.lengths);
  std::vector<at::Tensor> written(L);
  for (int64_t layer = 0; detail == Detail::full && layer < L; ++layer) {
    if (!reaches({Point::mlp_out, layer}) || (!reads_loss && layer >= last)) continue;
    taps.read({Point::mlp_out, layer}, [&, layer](const at::Tensor& x) {
      written[layer] = x.select(1, setting_.keys.tracked.back()).to(at::kFloat).norm(2, -1).to(at::kCPU, at::kDouble);
    });
  }
  if (is_unedited) {
    kept_.attach(taps);
    if (!setting_.options.no_frozen) freeze_norms(taps, start);
    r.forward(batch_, taps);
  } else {
    if (frozen) freeze_norms(taps, start);
    r.resume(kept_.at(start), taps);
  }

  // What the pass did not reach is as in the unedited run.
  const auto from = unedited_.attention;
  std::vector<at::Tensor> by_layer;
  const int64_t before = last - setting_.sink_layer + 1 - static_cast<int64_t>(layers.size());
  if (before > 0) by_layer.push_back(from.slice(1, 0, before));
  if (!layers.empty()) {
    const auto values = attention.values();
    const auto tracked = static_cast<int64_t>(setting_.keys.tracked.size());
    by_layer.push_back(at::cat({values.slice(2, 0, tracked), values.slice(2, tracked).mean(2, true)}, 2));
  }
  outcome.attention = at::cat(by_layer, 1);
  if (spike && !outcome.spike.defined()) outcome.spike = unedited_.spike;
  if (reads_loss) outcome.loss = at::tensor(loss.by_sample(), at::kDouble);
  if (detail == Detail::full) {
    for (int64_t layer = 0; layer < L; ++layer) {
      if (written[layer].defined()) continue;
      written[layer] = unedited_.written.defined()
                           ? unedited_.written.select(1, layer)
                           : at::full({batch_.n}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
    }
    outcome.written = at::stack(written, 1);
  }
  return outcome;
}

void BatchTrials::attach_edits(model::Taps& taps, const Trial& trial, const Rows& rows, const Adjusts& adjusts) const {
  for (size_t i = 0; i < trial.edits.size(); ++i) {
    taps.edit(trial.edits[i].site, intervene::bind(trial.edits[i], source_of(trial.edits[i], rows),
                                                   adjusts.empty() ? intervene::Adjust{} : adjusts[i]));
  }
}

/// In the unedited pass: remembers every norm's scale. Later: norms up to the spike's MLP (the sink layer's attention
/// where there is no spike) divide by the unedited scale.
void BatchTrials::freeze_norms(model::Taps& taps, const Site& start) {
  const auto& config = setting_.run.config();
  const bool remembers = start.point == Point::embed && !unedited_.attention.defined();
  const Site end =
      setting_.facts.spike ? Site{Point::ln2, setting_.facts.spike->site.layer} : Site{Point::ln1, setting_.sink_layer};
  for (int64_t layer = 0; layer <= end.layer; ++layer) {
    for (const bool mlp : {false, true}) {
      const Site in{mlp ? Point::mlp_in : Point::attn_in, layer}, out{mlp ? Point::ln2 : Point::ln1, layer};
      if (model::before(in, start) || model::before(end, out)) continue;
      const auto key = std::pair(layer, mlp);
      if (remembers) {
        taps.read(in, [this, key, &config](const at::Tensor& x) { scales_[key] = rms(x, config.rms_norm_eps); });
        continue;
      }
      const auto now = std::make_shared<at::Tensor>();
      taps.read(in, [now, &config](const at::Tensor& x) { *now = rms(x, config.rms_norm_eps); });
      taps.edit(out, [now, then = scales_.at(key)](const at::Tensor& x) {
        return (x.to(at::kFloat) * (*now / then)).to(x.scalar_type());
      });
    }
  }
}

at::Tensor BatchTrials::source_of(const Edit& edit, const Rows& rows) const {
  if (!intervene::takes_rows(edit)) return {};
  std::vector<at::Tensor> by_token;
  for (const int64_t token : intervene::edited_tokens(edit, batch_.ids.size(1))) {
    std::vector<at::Tensor> averaged;
    for (const int64_t from : edit.from->tokens.empty() ? std::vector{token} : edit.from->tokens) {
      averaged.push_back(rows.at(edit.from->run, edit.from->site, from));
    }
    auto all = averaged.size() == 1 ? averaged[0] : at::stack(averaged).mean(0);  // [samples, D]
    if (edit.operation == intervene::Operation::mean) {
      by_token.push_back(all.index({setting_.mean_over.to(all.device())}).mean(0, true));
      continue;
    }
    if (edit.operation == intervene::Operation::resample) {
      all = all.index_select(0, at::tensor(setting_.resample_from, at::kLong).to(all.device()));
    }
    by_token.push_back(all.slice(0, batch_.first, batch_.first + batch_.n));
  }
  return at::stack(by_token, 1);
}

Outcome BatchTrials::run(const Trial& trial, const Rows& rows, Detail detail) {
  auto outcome = pass(trial, rows, detail, {});
  if (detail == Detail::sink) return outcome;
  if (!setting_.options.no_frozen && edits_residual(trial)) {
    outcome.frozen = pass(trial, rows, Detail::sink, {}, /*frozen=*/true).attention.select(1, 0);
  }
  if (trial.edits.empty()) return outcome;
  outcome.no_op = at::full({1, 1}, no_op(trial, rows), at::kDouble);
  outcome.outside = outside(trial, rows);
  outcome.moved = moved(trial, rows);
  if (setting_.options.controls > 0) outcome.random = random_controls(trial, rows);
  return outcome;
}

at::Tensor BatchTrials::random_controls(const Trial& trial, const Rows& rows) {
  std::vector<at::Tensor> by_control;
  const auto seed = static_cast<uint64_t>(setting_.run.options().seed);
  for (int64_t control = 0; control < setting_.options.controls; ++control) {
    Adjusts adjusts;
    for (size_t i = 0; i < trial.edits.size(); ++i) {
      adjusts.push_back(intervene::random_move(trial.edits[i], gain_at(trial.edits[i].site, setting_.run.model()),
                                               seed + 1'000'003 * static_cast<uint64_t>(control) + i));
    }
    by_control.push_back(pass(trial, rows, Detail::sink, adjusts).attention.select(1, 0));
  }
  return at::stack(by_control, 1);
}

/// Edits of one token, made at another position; undefined where an edit is of more tokens.
at::Tensor BatchTrials::moved(const Trial& trial, const Rows& rows) {
  auto elsewhere = trial;
  for (auto& edit : elsewhere.edits) {
    if (edit.all_but || edit.tokens.size() != 1) return {};
    if (intervene::takes_rows(edit) && edit.from->tokens.empty()) edit.from->tokens = edit.tokens;
    edit.tokens = {setting_.options.other_token};
  }
  return pass(elsewhere, rows, Detail::sink, {}).attention.select(1, 0);
}

/// Counts written coordinates outside the 1 to 99 % range that they have at token 0 and at the edited tokens.
at::Tensor BatchTrials::outside(const Trial& trial, const Rows& rows) {
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
  const auto idle = edits_alone(trial);
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
