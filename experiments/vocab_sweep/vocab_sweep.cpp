// vocab-sweep: every token id at position 0 of every sample. Which ids make a sink, and does the id matter at all? Or
// the same for a fraction of the work: a pilot for every id, the full measurement where the pilot leaves a doubt.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "commands/command.h"
#include "experiments/vocab_sweep/job.h"
#include "experiments/vocab_sweep/options.h"
#include "experiments/vocab_sweep/part.h"
#include "experiments/vocab_sweep/result.h"
#include "experiments/vocab_sweep/screened.h"
#include "experiments/vocab_sweep/submit.h"
#include "experiments/vocab_sweep/work.h"
#include "sinkscope/error.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;
using sweep::Job;
using Compute = std::function<void(const std::vector<sweep::Share>&)>;

/// The findings of a whole sweep: where it screens, the second half follows from the first.
json whole_results(app::Run& r, const Job& job, const result::Journal& journal, const Compute& compute) {
  const auto& plan = job.plan;
  sweep::Measured m{plan, sweep::names_of(plan.ids, r.tokenizer()), sweep::baseline_of(journal), {}, {}};
  for (const auto& share : job.shares) m.tables[share.pass.of] = sweep::collect(share, journal);
  if (plan.screens) {
    m.refined = sweep::ids_to_refine(m);
    const auto refine = sweep::shares({sweep::refine_pass(plan, m.refined)}, {});
    compute(refine);
    m.tables[sweep::PassOf::refine] = sweep::collect(refine[0], journal);
  }
  for (const auto& warning : sweep::screen_warnings(m)) r.warn(warning);
  return sweep::write_findings(m, job.out);
}

/// What a part holds for merge.
json part_results(const app::Run& r, const Job& job, const result::Journal& journal) {
  auto results = sweep::write_tables(job.shares, journal, job.out);
  results.update(sweep::baseline_of(journal));
  const auto names = sweep::names_of(results["passes"][0]["ids"], r.tokenizer());
  results["pieces"] = names.pieces;
  results["kinds"] = names.kinds;
  return results;
}

/// Computes what the job's journal lacks, writes the result, and removes the journal.
void work_off(app::Run& r, const Job& job) {
  auto journal = sweep::open_journal(job);
  if (journal.cut() > 0) r.warn(fmt::format("the journal's last {} bytes were torn and are cut off", journal.cut()));
  bool started = false;  // nothing is loaded where nothing is missing
  const Compute compute = [&](const std::vector<sweep::Share>& shares) {
    const int64_t tokens = sweep::tokens_missing(shares, journal, job.plan);
    if (tokens == 0) return;
    if (!std::exchange(started, true)) r.start_tokens(tokens);
    sweep::run_missing(shares, r.session(), r.inputs().batches(), job.plan, journal);
  };
  compute(job.shares);

  const auto results = job.is_part() ? part_results(r, job, journal) : whole_results(r, job, journal, compute);
  for (const auto& warning : sweep::batch_warnings(journal, job.plan, r.batch_size())) r.warn(warning);
  json more{{"identity", job.hash()}, {"plan", sweep::to_json(job.plan)}};
  if (job.is_part()) more.update({{"experiment", sweep::kPartExperiment}, {"shard", job.shard}});
  r.finish(sweep::metrics(job.plan), results, more);
  journal.remove();
}

void run(sweep::Options o, const CLI::App& command) {
  const auto shard = app::choose_shard(o.shard);
  o.run.out = app::with_shard(o.run.out, o.shard, shard);
  if (!o.run.out.empty()) sweep::check_name(o.run.out);
  const bool replaces = std::exchange(o.run.force, true);  // until it is known whose an existing result is
  app::Run r(o.run, command);
  const auto job = sweep::prepare(o, r, shard);
  if (o.run.dry_run) {
    const auto config = command["--config"]->as<std::string>();
    return sweep::print_plan(r.inputs(), job.shares, job.plan, {o.gpus, config, o.run.out});
  }
  if (o.run.out.empty()) throw InputError("--out is required: the file for the result");
  if (replaces || !sweep::is_done(job)) return work_off(r, job);
  result::Journal::remove_left_over(job.journal_file());
  if (!o.run.quiet) fmt::print(stderr, "vocab-sweep: {}: already exists, from exactly this run\n", o.run.out);
}

}  // namespace

commands::Command vocab_sweep() {
  return {"vocab-sweep", "does every token make the same sink in first place?",
          [](CLI::App& app) {
            auto o = std::make_shared<sweep::Options>();
            sweep::add_options(app, *o);
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kFollows};
}

}  // namespace sinkscope::experiments
