// identify: what tells the model which token is first?
//
// The whole chain on one checkpoint, from a cold start, for every stage of the sink (runs of layers that have one): the
// massive activation, the layers in which seeing only itself gives a later token the signal, and at every residual
// below the stage what holds the first-token signal, as so many directions in so many channels. On half of the
// documents signals are chosen: written at the later token at token 0's level they make a sink, nothing of them can go.
// On the other half each is put to the rule. Removing it at token 0 ends the sink; writing it gives half of what token
// 0 gets and ten times an ordinary token's; controls do neither; seeing only itself predicts it; clamping it under
// self-only removes four fifths of that sink; copied from the self-only run alone it gives one. The earliest candidate
// that meets all is the signal; later ones, the massive activation among them, are mediators. A condition whose
// interval holds 0 is open: "undecided" where no candidate meets all and one fails none. "none found" says that no form
// that was tried holds the signal, not that there is none. Source: experiments B3 to B11 and the verdict rule of
// section 9 of the project's definitions; controls as in every trial.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "commands/command.h"
#include "experiments/identify/draws.h"
#include "experiments/identify/later_sinks.h"
#include "experiments/identify/massive_writes.h"
#include "experiments/identify/page.h"
#include "experiments/identify/script_file.h"
#include "experiments/identify/stage.h"
#include "sinkscope/result/file.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/trials/metrics.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  trials::Options trials;
  int64_t token = 8;
  bool script = false;
  int64_t draws = 1;
  std::string later_sinks;
};

constexpr double kTrialsASite = 5, kProbesASite = 45, kControlledAStage = 14;  // about, on trained models

/// Of each stage in the order of the layers.
json by_stage(trials::Runner& r, const std::function<json(size_t)>& of) {
  auto stages = json::array();
  for (size_t stage = 0; stage < r.baseline().stages.size(); ++stage) {
    r.turn_to(stage);
    stages.push_back(of(stage));
  }
  return stages;
}

json answers(trials::Runner& r, int64_t token) {
  std::vector<identification::EarlierSignal> earlier;
  return by_stage(r, [&](size_t stage) { return identification::answer(r, token, stage, earlier); });
}

/// Named later sinks are no ordinary tokens, and no control is made at one.
trials::Design design_of(const Options& o, const std::vector<int64_t>& later_sinks, const app::Run& r) {
  std::vector<int64_t> edited{0, trials::search::kLastTraced, o.token};
  edited.insert(edited.end(), later_sinks.begin(), later_sinks.end());
  return {.tracked = {0, o.token},
          .edited = edited,
          .runs = trials::search::alone_runs(o.token, r.config().n_layers),
          .split = true,
          .trials = kTrialsASite,
          .probes = kProbesASite,
          .controlled = kControlledAStage,
          .by_site = true,
          .by_stage = true};
}

/// What other draws of samples find, with the journals that they leave until the result is written. Nothing of a dry
/// run.
struct OtherDraws {
  json found = json::array();
  std::vector<std::filesystem::path> journals = {};
};

OtherDraws look_again(const Options& o, const trials::Ending& ending, const CLI::App& command) {
  OtherDraws others;
  for (int64_t draw = 1; draw < o.draws && !o.trials.run.dry_run; ++draw) {
    auto again = o;
    again.trials.ending = ending;
    again.trials.run.seed += draw;
    again.trials.run.window_shift = static_cast<double>(draw) / static_cast<double>(o.draws);
    again.trials.run.out = std::filesystem::path(o.trials.run.out).replace_extension(fmt::format("draw-{}.json", draw));
    app::Run r(again.trials.run, command);
    const auto later_sinks = identification::parse_later_sinks(o.later_sinks, r);
    trials::Runner runner(r, again.trials, design_of(again, later_sinks, r));
    if (!runner.start()) continue;  // another shard's draw
    const auto stages = answers(runner, again.token);
    others.found.push_back(identification::brief(stages, r));
    const auto left = runner.close();
    others.journals.insert(others.journals.end(), left.begin(), left.end());
  }
  return others;
}

/// The file that the samples are of; of several each with its number of samples.
std::string source_of(const app::Run& r) {
  const auto& texts = r.samples().texts;
  if (texts.empty()) return r.options().text.empty() ? r.options().tokens : r.options().text;
  std::string names;
  for (const auto& text : texts) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", text.name, text.samples);
  return names;
}

/// The samples behind the page's numbers.
std::string measured_on(const app::Run& r, const trials::Runner& runner) {
  const auto& documents = r.samples().documents;
  const auto choosing = runner.choosing().size(0), testing = runner.testing().size(0);
  return fmt::format(
      "{} samples of up to {} tokens, from {} documents of {}, seed {}. Candidates are chosen on {} samples and tested "
      "on the other {}, each removal and each writing beside {} random moves of the same size.{}{}",
      r.samples().ids.size(), r.longest(), std::set<int64_t>(documents.begin(), documents.end()).size(), source_of(r),
      r.options().seed, choosing, testing, runner.options().controls,
      testing < trials::kClaimNeeds ? " For a causal claim use at least 100 test samples." : "",
      runner.options().controls < trials::kClaimNeeds ? " For a causal claim use at least 100 random moves." : "");
}

/// Before the cost of one draw, in a dry run as in a run.
void say_draws(const Options& o) {
  if (o.draws < 2 || (o.trials.run.quiet && !o.trials.run.dry_run)) return;
  fmt::print(o.trials.run.dry_run ? stdout : stderr, "draws         at most {} times what follows\n", o.draws);
}

void check_files(const Options& o, const app::Run& r, result::Existing existing) {
  const auto& out = o.trials.run.out;
  result::check_writable(identification::page_file(out), existing);
  result::check_writable(identification::signal_file(out), existing);
  if (!o.script) return;
  identification::check_script(r);
  result::check_writable(identification::script_file(out), existing);
}

void run(const Options& o, const CLI::App& command) {
  const auto ending = trials::Ending::of(o.trials.run.out);
  app::Run r(o.trials.run, command);
  const auto later_sinks = identification::parse_later_sinks(o.later_sinks, r);
  trials::Runner runner(r, o.trials, design_of(o, later_sinks, r));
  const auto existing = o.trials.run.force ? result::Existing::replace : result::Existing::refuse;
  check_files(o, r, existing);
  say_draws(o);
  const auto others = look_again(o, ending, command);  // first, so that one model is in memory at a time
  if (!runner.start()) return;
  identification::Found found;
  json results{{"massive_writes", identification::find_massive_writes(runner)}, {"stage_rule", trials::kStageRule}};
  const auto later = identification::read_later_tokens(runner, later_sinks);
  if (!o.later_sinks.empty() && runner.baseline().stages.empty()) {
    r.warn("--later-sinks: no layer has a sink at token 0, so nothing was asked about other sinks");
  }
  results["stages"] =
      by_stage(runner, [&](size_t stage) { return identification::explain(runner, o.token, stage, found, later); });
  results["statement"] = identification::statement(results["stages"]);
  results["draws"] = json::array({identification::brief(results["stages"], r)});
  results["draws"].insert(results["draws"].end(), others.found.begin(), others.found.end());
  results["agreement"] = identification::agreement(results["draws"]);
  identification::write_signals(found.signals, found.made_of,
                                o.script ? identification::tokens_of_halves(runner) : identification::Tensors{},
                                o.trials.run.out);
  auto with_baseline = results;
  with_baseline["sink_baseline"] = trials::to_json(runner.baseline());
  result::write_text(identification::page_file(o.trials.run.out),
                     identification::page(with_baseline, r.model_dir().filename().string(), measured_on(r, runner)),
                     existing);
  if (o.script) identification::write_script(runner, results, existing);
  auto metrics = trials::metrics(o.trials, runner.keys());
  metrics["signals"] = identification::kSignalsMetric;
  metrics["massive_writes"] = identification::kMassiveWritesMetric;
  metrics["later_sinks"] = identification::kLaterSinksMetric;
  metrics.update(identification::composition_metrics());
  runner.finish(metrics, results);
  for (const auto& journal : others.journals) result::Journal::remove_left_over(journal);
}

}  // namespace

commands::Command identify() {
  return {"identify", "what tells the model which token is first? the whole chain, with a verdict",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_token_option(app, o->token, 2);
            app.add_option(
                   "--draws", o->draws,
                   "ask again of windows that begin elsewhere in the text (of lines and tokens the same), chosen and "
                   "tested on other halves; the result says how often each answer came")
                ->check(CLI::PositiveNumber)
                ->capture_default_str();
            app.add_option(
                "--later-sinks", o->later_sinks,
                "positions to ask about as sinks that are not first, as 1-3,9; without it those that are found");
            app.add_flag("--script", o->script,
                         "also write a short Python program that applies the answer with transformers alone");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
