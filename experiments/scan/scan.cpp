// scan: no change; where the sink is, by layer and head, and what the residual, keys and values look like there.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/plan.h"
#include "sinkscope/app/run.h"
#include "sinkscope/error.h"
#include "sinkscope/measure/key_profile.h"
#include "sinkscope/measure/loss.h"
#include "sinkscope/measure/norms.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  app::RunOptions run;
  std::string measure = "sink,profile,norms,loss";
  std::string track = "0,1,4,8";
};

const std::vector<std::string> kMeasures = {"sink", "profile", "norms", "loss"};

std::vector<std::string> parse_measures(const std::string& list) {
  const auto measures = split(list, ',');
  for (const auto& measure : measures) {
    if (std::find(kMeasures.begin(), kMeasures.end(), measure) == kMeasures.end()) {
      throw InputError(
          fmt::format("--measure: expected some of sink, profile, norms, loss; found '{}', the nearest is '{}'",
                      measure, nearest(measure, kMeasures)));
    }
  }
  if (measures.empty()) throw InputError("--measure: expected some of sink, profile, norms, loss; found none");
  return measures;
}

json metrics(const Options& o) {
  auto definitions = measure::sink_metric_definitions(o.run.q_min);
  definitions["profile"] = "mean over samples, heads and queries q > k of A[l,h,q,k], per layer and key k";
  definitions["norms"] = "mean over samples (and heads) of the vector norm at a token; `others`: all untracked tokens";
  definitions["loss"] = "next-token cross entropy in nats, mean over all predicted tokens";
  return definitions;
}

void run(const Options& o, const CLI::App& command) {
  const auto measures = parse_measures(o.measure);
  const auto wants = [&](const char* m) { return std::find(measures.begin(), measures.end(), m) != measures.end(); };
  app::Run r(o.run, command);
  std::vector<measure::Tracked> tracked;
  const auto tokens = parse_int_list(o.track, "--track");
  for (const int64_t token : tokens) tracked.push_back({token, o.run.q_min});
  const double logits =
      wants("loss") ? app::logits_in_layers(r.config()) / static_cast<double>(r.config().n_layers) : 0;
  if (!r.start_tokens(static_cast<int64_t>((1 + logits) * static_cast<double>(r.inputs().tokens())))) return;

  measure::SinkScore sink(r.config(), tracked, r.lengths());
  measure::KeyProfile profile(r.config(), r.longest());
  measure::Norms norms(r.config(), tokens);
  measure::Loss loss([&](const at::Tensor& x) { return r.model().unembed(x); });
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    if (wants("sink")) sink.attach(taps, batch.first, batch.n, r.longest(), r.model().device());
    if (wants("profile")) profile.attach(taps, batch.lengths);
    if (wants("norms")) norms.attach(taps, batch.lengths);
    if (wants("loss")) loss.attach(taps, batch.ids, batch.lengths);
    r.forward(batch, taps);
  }
  r.finish(metrics(o), {{"measures", measures},
                        {"sink", wants("sink") ? sink.to_json() : json()},
                        {"profile", wants("profile") ? profile.to_json() : json()},
                        {"norms", wants("norms") ? norms.to_json() : json()},
                        {"loss", wants("loss") ? loss.to_json() : json()}});
}

}  // namespace

commands::Command scan() {
  return {"scan", "where is the sink? attention to tracked tokens by layer and head, norms, loss",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--measure", o->measure, "what to measure: any of sink, profile, norms, loss")
                ->capture_default_str()
                ->check(app::some_of({"sink", "profile", "norms", "loss"}));
            app.add_option("--track", o->track, "positions of the tokens whose attention and norms are measured")
                ->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kWhere};
}

}  // namespace sinkscope::experiments
