// self-mask: a token that attends only to itself in the first layers, as token 0 must. Does it become a sink too?

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/run.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/attention_condition.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  app::RunOptions run;
  std::string mask_tokens = "1,4,8";
  std::string layer_sets = "auto";
};

struct Mask {
  std::string mode;  ///< self_only or not_self
  std::vector<int64_t> tokens, layers;
};

/// {0}, {0,1}, 0-k up to a quarter of the layers, and single layers 1 and 2.
std::vector<std::vector<int64_t>> layer_sets(const std::string& spec, int64_t n_layers) {
  std::vector<std::vector<int64_t>> sets;
  if (spec != "auto") {
    for (const auto& part : split(spec, ';')) sets.push_back(parse_int_list(part, "--layer-sets"));
    if (sets.empty()) throw InputError("--layer-sets: expected sets such as 0;0-1;1, or auto");
    return sets;
  }
  const int64_t deepest = std::max<int64_t>(2, (n_layers + 3) / 4);
  for (int64_t k = 0; k <= std::min(deepest, n_layers - 1); ++k) {
    sets.emplace_back();
    for (int64_t layer = 0; layer <= k; ++layer) sets.back().push_back(layer);
  }
  for (int64_t layer = 1; layer <= std::min<int64_t>(2, n_layers - 1); ++layer) sets.push_back({layer});
  return sets;
}

/// Every masked token, and token 0 over the queries that the token has: entries 2i and 2i + 1.
std::vector<measure::Tracked> tracked_pairs(const std::vector<int64_t>& tokens, int64_t q_min) {
  std::vector<measure::Tracked> tracked;
  for (const int64_t token : tokens) {
    tracked.push_back({token, q_min});
    tracked.push_back({0, std::max(token + 1, q_min)});
  }
  return tracked;
}

measure::SinkScore measure_mask(app::Run& r, const std::vector<int64_t>& tokens, const Mask* mask) {
  measure::SinkScore sink(r.config(), tracked_pairs(tokens, r.options().q_min), r.lengths());
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    if (mask) {
      const auto made = mask->mode == "self_only" ? intervene::self_only(mask->tokens, mask->layers)
                                                  : intervene::not_self(mask->tokens, mask->layers);
      taps.attention(made.change, made.layers);
    }
    sink.attach(taps, batch.first, batch.n, r.longest(), r.model().device());
    r.forward(batch, taps);
  }
  return sink;
}

at::Tensor by_layer(const measure::SinkScore& sink, size_t which) {
  return sink.mean_attention(which).nanmean(at::IntArrayRef{0, 2});  // [L]
}

json ratios(const at::Tensor& masked, const at::Tensor& first) {
  return measure::finite(model::to_vector(masked / first));
}

json describe(const Mask& mask, const measure::SinkScore& sink) {
  auto masked = json::array(), first = json::array(), ratio = json::array(), ratio_by_layer = json::array();
  for (size_t i = 0; i < mask.tokens.size(); ++i) {
    masked.push_back(sink.to_json(2 * i));
    first.push_back(sink.to_json(2 * i + 1));
    const auto m = by_layer(sink, 2 * i), f = by_layer(sink, 2 * i + 1);
    ratio.push_back(measure::finite((m.mean() / f.mean()).item<double>()));
    ratio_by_layer.push_back(ratios(m, f));
  }
  return {{"mode", mask.mode}, {"tokens", mask.tokens}, {"layers", spell(mask.layers)},    {"masked", masked},
          {"first", first},    {"ratio", ratio},        {"ratio_by_layer", ratio_by_layer}};
}

/// Paired over samples: attention to token 0 under one condition minus under another.
json paired_change(const std::vector<int64_t>& tokens, const std::string& layers, const at::Tensor& after,
                   const at::Tensor& before) {
  const auto change = (after - before).mean(-1);  // [samples, L]
  auto summary = measure::to_json(measure::summarize(model::to_vector(change.mean(1))));
  summary["by_layer"] = measure::finite(model::to_vector(change.nanmean(0)));
  return {{"tokens", tokens}, {"layers", layers}, {"change_of_first", summary}};
}

std::vector<Mask> masks(const std::vector<int64_t>& tokens, const std::vector<std::vector<int64_t>>& sets) {
  std::vector<Mask> list;
  for (const auto& set : sets) {
    for (const int64_t token : tokens) list.push_back({"self_only", {token}, set});
    if (tokens.size() > 1) list.push_back({"self_only", tokens, set});
    for (const int64_t token : tokens) list.push_back({"not_self", {token}, set});
  }
  return list;
}

json run_masks(app::Run& r, const std::vector<int64_t>& tokens, const std::vector<Mask>& list) {
  const auto plain = measure_mask(r, tokens, nullptr);
  auto baseline = json::array(), runs = json::array(), paired = json::array();
  for (size_t i = 0; i < tokens.size(); ++i) {
    baseline.push_back({{"token", tokens[i]}, {"masked", plain.to_json(2 * i)}, {"first", plain.to_json(2 * i + 1)}});
  }
  std::map<int64_t, at::Tensor> layer_zero;  // token: attention to token 0 when masked in layer 0 alone
  for (const auto& mask : list) {
    const auto sink = measure_mask(r, mask.tokens, &mask);
    runs.push_back(describe(mask, sink));
    if (mask.mode != "self_only" || mask.tokens.size() > 1) continue;
    const size_t index = std::find(tokens.begin(), tokens.end(), mask.tokens[0]) - tokens.begin();
    const auto first = sink.mean_attention(1);
    paired.push_back(paired_change(mask.tokens, spell(mask.layers), first, plain.mean_attention(2 * index + 1)));
    if (mask.layers == std::vector<int64_t>{0}) layer_zero[mask.tokens[0]] = first;
    if (mask.layers == std::vector<int64_t>{0, 1} && layer_zero.contains(mask.tokens[0])) {
      paired.push_back(paired_change(mask.tokens, "0-1 minus 0", first, layer_zero[mask.tokens[0]]));
    }
  }
  return {{"baseline", baseline}, {"runs", runs}, {"paired", paired}};
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.run, command);
  const auto tokens = parse_int_list(o.mask_tokens, "--mask-tokens");
  if (std::count(tokens.begin(), tokens.end(), 0))
    throw InputError("--mask-tokens: expected tokens after token 0, which attends only to itself anyway");
  const auto sets = layer_sets(o.layer_sets, r.config().n_layers);
  for (const auto& set : sets) model::Taps(r.config()).attention({}, set);  // ranges, before any work
  const measure::SinkScore check(r.config(), tracked_pairs(tokens, o.run.q_min), r.lengths());
  const auto list = masks(tokens, sets);
  if (!r.start(static_cast<int64_t>(list.size()) + 1)) return;

  auto results = run_masks(r, tokens, list);
  auto named = json::array();
  for (const auto& set : sets) named.push_back({{"name", spell(set)}, {"layers", set}});
  results["tokens"] = tokens;
  results["layer_sets"] = named;
  auto metrics = measure::sink_metric_definitions(o.run.q_min);
  metrics["self_only"] = "the token's row of attention sees only the token itself, before the softmax, in these layers";
  metrics["not_self"] = "the control: the token's row sees every earlier token but not itself";
  metrics["ratio"] = "mean_attention of the masked token over that of token 0, same queries, same run";
  metrics["change_of_first"] =
      "mean_attention(0) minus the unmasked run's, same samples and queries; ci95 over samples";
  r.finish(metrics, results);
}

}  // namespace

commands::Command self_mask() {
  return {"self-mask", "does a later token become a sink when it attends only to itself in the first layers?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--mask-tokens", o->mask_tokens, "tokens to restrict to themselves, in one run each")
                ->capture_default_str();
            app.add_option("--layer-sets", o->layer_sets, "sets of layers, separated by `;`: 0;0-1;1, or auto")
                ->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kFollows};
}

}  // namespace sinkscope::experiments
