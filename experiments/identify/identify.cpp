// identify: what tells the model which token is first?
//
// The whole chain on one checkpoint, from a cold start: the sink's layer, the massive activation, the layers in which
// seeing only itself gives a later token the signal, and at every residual below the sink the dimensions that hold the
// first-token signal. On half of the documents signals are chosen: written at the later token at token 0's mean level
// they make a sink, none of them can go. On the other half each is put to the rule. Removing it at token 0 ends the
// sink; writing it gives half of what token 0 gets and ten times an ordinary token's; controls do neither; seeing only
// itself predicts it; clamping it under self-only removes four fifths of that sink; copied from the self-only run alone
// it gives one. The earliest candidate that meets all is the signal; later ones, the massive activation among them, are
// mediators. A condition whose interval holds 0 is open: "undecided" where no candidate meets all and one fails none.
// "none found" says that no fixed level of a residual holds the signal, not that there is none. Source: experiments B3
// to B11 and the verdict rule of section 9 of the project's definitions; controls as in every trial.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <set>

#include "commands/command.h"
#include "experiments/identify/blocks.h"
#include "experiments/identify/composition.h"
#include "experiments/identify/flags.h"
#include "experiments/identify/page.h"
#include "experiments/identify/script_file.h"
#include "experiments/identify/verdict.h"
#include "sinkscope/result/file.h"
#include "sinkscope/trials/metrics.h"
#include "sinkscope/trials/report.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using identification::Evidence;
using nlohmann::json;
using trials::search::Alone;

struct Options {
  trials::Options trials;
  int64_t token = 8;
  bool script = false;
};

constexpr double kTrialsASite = 5, kProbesASite = 45;  // about, on trained models

constexpr char kNoSink[] = "No sink, nothing to explain.";

json nothing_to_explain() {
  return {{"verdict", identification::to_json(identification::no_sink(kNoSink))},
          {"self_only", nullptr},
          {"blocks", json::array()},
          {"sites", json::array()},
          {"candidates", json::array()},
          {"signals", json::array()},
          {"composition", nullptr},
          {"suspects", json::array()},
          {"dormant", json::array()},
          {"backup", nullptr},
          {"one_key", nullptr},
          {"trials", json::array()}};
}

/// Why there is nothing to explain in a layer that was named; empty where there is.
std::string no_sink_here(const trials::Runner& r) {
  const auto layer = static_cast<size_t>(r.sink_layer());
  const double first = r.baseline().sink[layer], ordinary = r.baseline().ordinary[layer];
  if (first >= trials::kOverOrdinary * ordinary) return {};
  return fmt::format("{} In layer {} token 0 gets {:.3g}, an ordinary token {:.3g}.", kNoSink, layer, first, ordinary);
}

void append(std::vector<intervene::Trial>& to, const std::vector<intervene::Trial>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// Chooses, tests, and looks at what else is like the signal.
json answer(trials::Runner& r, const Options& o) {
  std::vector<Evidence> evidence;
  const auto alone = trials::search::find_alone(r, o.token);
  const auto sites = trials::search::candidate_sites(r.sink_layer());
  trials::search::gather(r, sites, alone);
  const auto blocks = identification::find_blocks(r, alone);
  auto looked_at = json::array();
  for (const auto& site : sites) {
    const auto candidate = trials::search::search(r, site, alone);
    looked_at.push_back(trials::search::to_json(candidate));
    if (candidate.found()) evidence.emplace_back(r, evidence.size(), candidate, alone);
  }
  const identification::Backup backup(r, alone);
  auto list = identification::self_only_trials(alone);
  append(list, backup.trials());
  for (const auto& one : evidence) append(list, one.trials());
  auto measured = r.measure(list);
  for (auto& one : evidence) one.judge(measured);
  const auto why_none = no_sink_here(r);
  const auto verdict = why_none.empty() ? identification::decide(evidence) : identification::no_sink(why_none);
  auto candidates = json::array(), suspects = json::array(), dormant = json::array();
  for (const auto& one : evidence) candidates.push_back(identification::to_json(one));
  if (verdict.signal) {
    const identification::Suspects others(r, identification::last_of_signal(verdict), alone);
    const auto more = r.measure(others.trials());
    suspects = others.judge(r, more);
    measured.insert(measured.end(), more.begin(), more.end());
    dormant = identification::find_dormant(r, *verdict.signal, alone);
  }
  const auto signals = identification::portable_signals(r, evidence, alone);
  identification::Composition made_of;
  if (verdict.signal) made_of = identification::compose(r, signals, verdict.signal->candidate().site);
  identification::write_signals(
      signals, made_of, o.script ? identification::testing_tokens(r) : identification::Tensors{}, o.trials.run.out);
  return {{"verdict", identification::to_json(verdict)},
          {"self_only", {{"token", alone.token}, {"last_layer", alone.last}, {"makes_sink", alone.makes_sink}}},
          {"blocks", blocks},
          {"sites", looked_at},
          {"candidates", candidates},
          {"signals", identification::to_json(signals, o.trials.run.out)},
          {"composition", made_of.description},
          {"suspects", suspects},
          {"dormant", dormant},
          {"backup", backup.judge(r, measured)},
          {"one_key", identification::judge_one_key(r, measured)},
          {"trials", identification::naming_bases(trials::describe(r, measured), signals, o.trials.run.out)}};
}

/// The samples behind the page's numbers.
std::string measured_on(const app::Run& r, const trials::Runner& runner) {
  const auto& documents = r.samples().documents;
  const auto choosing = runner.choosing().size(0), testing = runner.testing().size(0);
  return fmt::format(
      "{} samples of up to {} tokens, from {} documents of {}, seed {}. Candidates are chosen on {} samples and tested "
      "on the other {}, each trial beside {} random moves of the same size.{}{}",
      r.samples().ids.size(), r.longest(), std::set<int64_t>(documents.begin(), documents.end()).size(),
      r.options().text.empty() ? r.options().tokens : r.options().text, r.options().seed, choosing, testing,
      runner.options().controls, testing < 100 ? " For a causal claim use at least 100 test samples." : "",
      runner.options().controls < 100 ? " For a causal claim use at least 100 random moves." : "");
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const int64_t L = r.config().n_layers;
  trials::Runner runner(r, o.trials,
                        {.tracked = {0, o.token},
                         .edited = {0, trials::search::kLastTraced, o.token},
                         .runs = trials::search::alone_runs(o.token, L),
                         .split = true,
                         .trials = kTrialsASite,
                         .probes = kProbesASite,
                         .by_site = true});
  const auto page = std::filesystem::path(o.trials.run.out).replace_extension(".txt");
  const auto existing = o.trials.run.force ? result::Existing::replace : result::Existing::refuse;
  result::check_writable(page, existing);
  result::check_writable(identification::signal_file(o.trials.run.out), existing);
  if (o.script) {
    identification::check_script(r);
    result::check_writable(identification::script_file(o.trials.run.out), existing);
  }
  if (!runner.start()) return;
  const auto results = runner.sink_layer() >= 0 ? answer(runner, o) : nothing_to_explain();
  auto with_baseline = results;
  with_baseline["sink_baseline"] = trials::to_json(runner.baseline());
  with_baseline["sink_layer"] = runner.sink_layer();
  result::write_text(
      page, identification::page(with_baseline, r.model_dir().filename().string(), measured_on(r, runner)), existing);
  if (o.script) identification::write_script(runner, results, existing);
  auto metrics = trials::metrics(o.trials, runner.keys());
  metrics["signals"] = identification::kSignalsMetric;
  metrics.update(identification::composition_metrics());
  runner.finish(metrics, results);
}

}  // namespace

commands::Command identify() {
  return {"identify", "what tells the model which token is first? the whole chain, with a verdict",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_token_option(app, o->token, 2);
            app.add_flag("--script", o->script,
                         "also write a short Python program that applies the answer with transformers alone");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
