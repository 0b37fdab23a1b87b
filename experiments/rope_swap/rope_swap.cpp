// rope-swap: does the sink follow the rotary position? Positions of tokens change; the causal mask stays physical.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "experiments/rope_swap/attention_maps.h"
#include "experiments/rope_swap/conditions.h"
#include "sinkscope/app/run.h"
#include "sinkscope/measure/sink_score.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;
using rope::Condition;

struct Options {
  app::RunOptions run;
  rope::Changes changes;
  std::string map_heads = "auto";
  int64_t map_length = 48;
};

json changed_positions(const Condition& condition) {
  auto changed = json::array();
  if (condition.kind == "shift" || condition.kind == "reverse") return changed;
  for (size_t token = 0; token < condition.positions.size(); ++token) {
    const int64_t position = condition.positions[token];
    if (position != static_cast<int64_t>(token)) changed.push_back({token, position});
  }
  return changed;
}

measure::SinkScore measure_condition(app::Run& r, const Condition& condition, int64_t q_min) {
  std::vector<measure::Tracked> tracked{{0, q_min}};
  if (condition.rope_first && *condition.rope_first + 1 < r.longest())
    tracked.push_back({*condition.rope_first, q_min});
  measure::SinkScore sink(r.config(), tracked, r.lengths());
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    taps.positions(condition.positions);
    sink.attach(taps, batch.first, batch.n, r.longest(), r.model().device());
    r.forward(batch, taps);
  }
  return sink;
}

double largest_difference(const measure::SinkScore& a, const measure::SinkScore& b) {
  const auto difference = (a.mean_attention(0) - b.mean_attention(0)).nanmean(0).abs();
  return difference.max().item<double>();
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.run, command);
  const auto list = rope::conditions(o.changes, r.longest(), [&](const std::string& name) {
    r.warn(fmt::format("{}: left out, because the samples have only {} tokens", name, r.longest()));
  });
  for (const auto& condition : list) model::Taps(r.config()).positions(condition.positions);  // ranges, before any work
  const auto parsed_heads = parse_heads(o.map_heads, r.config());
  if (!r.start_tokens(static_cast<int64_t>(list.size()) * (r.inputs().tokens() + map_tokens(r, o.map_length)))) return;

  std::vector<measure::SinkScore> sinks;
  for (const auto& condition : list) sinks.push_back(measure_condition(r, condition, o.run.q_min));
  const auto heads = parsed_heads.empty() ? strongest_heads(sinks.front().mean_attention(0).nanmean(0)) : parsed_heads;

  auto rows = json::array(), maps = json::array();
  std::string shift_name;
  double shift_difference = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    rows.push_back({{"name", list[i].name},
                    {"kind", list[i].kind},
                    {"positions", changed_positions(list[i])},
                    {"rope_first", list[i].rope_first ? json(*list[i].rope_first) : json()},
                    {"sink", sinks[i].to_json()}});
    maps.push_back({{"name", list[i].name}, {"maps", head_maps(r, heads, o.map_length, list[i].positions)}});
    if (list[i].kind != "shift") continue;
    shift_name = list[i].name;
    shift_difference = largest_difference(sinks[i], sinks.front());
  }
  auto metrics = measure::sink_metric_definitions(o.run.q_min);
  metrics["rope_first"] = "the token whose rotary position is the lowest, where that is not token 0";
  metrics["maps"] = "A[l,h,q,k] of the first samples, mean over them, for the first queries and keys";
  metrics["shift_control"] = "largest |mean over samples of mean_attention(0) - baseline's| over layers and heads";
  r.finish(
      metrics,
      {{"conditions", rows},
       {"early_layers", (r.config().n_layers + 3) / 4},
       {"shift_control", {{"condition", shift_name}, {"largest_difference", shift_difference}}},
       {"maps", {{"length", std::min(o.map_length, r.longest())}, {"heads", to_json(heads)}, {"conditions", maps}}}});
}

}  // namespace

commands::Command rope_swap() {
  return {"rope-swap", "does the sink follow the rotary position of the first token?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--first-to", o->changes.first_to, "rotary positions to give token 0; `last` is T-1")
                ->capture_default_str();
            app.add_option("--others-to-zero", o->changes.others_to_zero, "tokens that get rotary position 0")
                ->capture_default_str();
            app.add_option("--swaps", o->changes.swaps, "tokens that exchange rotary positions with token 0")
                ->capture_default_str();
            app.add_option("--blocks", o->changes.blocks,
                           "count:position: move the first tokens, as a block, to this position")
                ->capture_default_str();
            app.add_option("--shift", o->changes.shift,
                           "add this to every position: the control, which should change nothing")
                ->capture_default_str();
            app.add_option("--map-heads", o->map_heads, "heads for the query x key maps, as layer:head, or auto")
                ->capture_default_str();
            app.add_option("--map-length", o->map_length, "queries and keys per map")
                ->capture_default_str()
                ->check(CLI::Range(1, 512));
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kFollows};
}

}  // namespace sinkscope::experiments
