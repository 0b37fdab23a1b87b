// rope-swap: does the sink follow the rotary position? Positions of tokens change; the causal mask stays physical.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "commands/command.h"
#include "experiments/rope_swap/attention_maps.h"
#include "sinkscope/app/run.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/positions.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Positions;
using nlohmann::json;

struct Options {
  app::RunOptions run;
  std::string first_to = "1,8,64,last";
  std::string others_to_zero = "1,4,8,10,14,16";
  std::string swaps = "1,8";
  std::string blocks = "4:64";
  int64_t shift = 100;
  std::string map_heads = "auto";
  int64_t map_length = 48;
};

struct Condition {
  std::string name, kind;
  Positions positions;
  std::optional<int64_t> rope_first;  ///< the token that rotary position says is first, where it is not token 0
};

std::vector<int64_t> parse_targets(const std::string& list, int64_t T) {
  std::vector<int64_t> targets;
  for (const auto& part : split(list, ',')) {
    for (const int64_t p : part == "last" ? std::vector{T - 1} : parse_int_list(part, "--first-to"))
      targets.push_back(p);
  }
  return targets;
}

/// Conditions that name a token or position beyond a short text are left out, with a warning: the defaults are for 512.
std::vector<Condition> conditions(const Options& o, app::Run& r) {
  const int64_t T = r.longest();
  const auto plain = intervene::in_order(T);
  std::vector<Condition> list{{"baseline", "baseline", plain, {}}};
  const auto add = [&](int64_t needs, Condition condition) {
    if (needs < T) return list.push_back(std::move(condition));
    r.warn(fmt::format("{}: left out, samples have {} tokens", condition.name, T));
  };
  const auto at_most = [T](int64_t token) { return std::min(token, T - 1); };
  for (const int64_t p : parse_targets(o.first_to, T)) {
    add(0, {fmt::format("first-to-{}", p), "first_moved", intervene::set_position(plain, 0, p), 1});
  }
  for (const int64_t t :
       o.others_to_zero.empty() ? std::vector<int64_t>{} : parse_int_list(o.others_to_zero, "--others-to-zero")) {
    add(t, {fmt::format("{}-to-0", t), "other_to_zero", intervene::set_position(plain, at_most(t), 0), t});
  }
  for (const int64_t t : o.swaps.empty() ? std::vector<int64_t>{} : parse_int_list(o.swaps, "--swaps")) {
    add(t, {fmt::format("swap-0-{}", t), "swap", intervene::swap_positions(plain, 0, at_most(t)), t});
  }
  for (const auto& block : split(o.blocks, ',')) {
    const auto parts = split(block, ':');
    if (parts.size() != 2) throw InputError(fmt::format("--blocks: '{}' is not count:position", block));
    const int64_t count = parse_int(parts[0], "--blocks"), to = parse_int(parts[1], "--blocks");
    if (count < 1) throw InputError(fmt::format("--blocks: '{}' moves no token", block));
    add(count, {fmt::format("block-{}-to-{}", count, to), "block", intervene::move_block(plain, std::min(count, T), to),
                count});
  }
  add(0, {fmt::format("shift-{}", o.shift), "shift", intervene::shift_all(plain, o.shift), {}});
  add(0, {"reverse", "reverse", intervene::reversed(T), T - 1});
  return list;
}

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
  const auto list = conditions(o, r);
  for (const auto& condition : list) model::Taps(r.config()).positions(condition.positions);  // ranges, before any work
  const auto parsed_heads = parse_heads(o.map_heads, r.config());
  if (!r.start(2 * static_cast<int64_t>(list.size()))) return;

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
  return {
      "rope-swap", "does the sink follow the rotary position of the first token?", [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        app::add_run_options(app, o->run);
        app.add_option("--first-to", o->first_to, "rotary positions for token 0; `last` is T-1")->capture_default_str();
        app.add_option("--others-to-zero", o->others_to_zero, "tokens that get rotary position 0")
            ->capture_default_str();
        app.add_option("--swaps", o->swaps, "tokens that exchange rotary positions with token 0")
            ->capture_default_str();
        app.add_option("--blocks", o->blocks, "count:position, the first tokens moved as a block")
            ->capture_default_str();
        app.add_option("--shift", o->shift, "every position grows by this: the control that changes nothing")
            ->capture_default_str();
        app.add_option("--map-heads", o->map_heads, "layer:head list for the query x key maps, or auto")
            ->capture_default_str();
        app.add_option("--map-length", o->map_length, "queries and keys of a map")
            ->capture_default_str()
            ->check(CLI::Range(1, 512));
        app.callback([o, &app] { run(*o, app); });
      }};
}

}  // namespace sinkscope::experiments
