// vocab-sweep: every token id at position 0 of every sample. Which ids make a sink, and does the id matter at all? Or
// the same for a fraction of the work: a pilot for every id, the full measurement where the pilot leaves a doubt.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "commands/command.h"
#include "sinkscope/error.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/result/sha256.h"
#include "experiments/vocab_sweep/options.h"
#include "experiments/vocab_sweep/part.h"
#include "experiments/vocab_sweep/result.h"
#include "experiments/vocab_sweep/screened.h"
#include "experiments/vocab_sweep/submit.h"
#include "experiments/vocab_sweep/work.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;
using sweep::Options;

/// The ids that a merged screen says are to be measured in full.
std::vector<int64_t> read_refine(const std::filesystem::path& file, const json& identity) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("--refine {}: cannot be read", file.string()));
  const auto screen = json::parse(in, nullptr, /*allow_exceptions=*/false);
  const json::json_pointer place("/results/screen/to_refine");
  if (!screen.is_object() || !screen.contains(place) || !screen.contains("identity")) {
    throw InputError(
        fmt::format("--refine {}: wanted what merge made of the parts of --strategy screen", file.string()));
  }
  if (screen["identity"] != result::sha256(identity.dump())) {
    throw InputError(fmt::format("--refine {}: is of another run:{}", file.string(),
                                 result::differences(sweep::identity_of(screen, screen["plan"]), identity, "there")));
  }
  return screen.at(place);
}

/// An existing result of exactly this run and share, with its sidecar, is nothing to do; of any other it is refused.
bool is_done(const std::filesystem::path& out, const std::string& identity, const std::string& shard,
             const std::vector<sweep::Share>& list) {
  if (!std::filesystem::exists(out)) return false;
  std::ifstream in(out);
  const auto there = json::parse(in, nullptr, /*allow_exceptions=*/false);
  bool is_same = there.is_object() && there.value("identity", json()) == identity &&
                 there.value("shard", json("")) == shard && std::filesystem::exists(sweep::sidecar_of(out));
  if (is_same && !shard.empty()) {
    const auto pieces = sweep::read_part(out).pieces;
    is_same = pieces.size() == list.size();
    for (const auto& share : list) is_same = is_same && pieces.contains(share.pass.of);
  }
  if (!is_same) {
    throw InputError(fmt::format(
        "--out {}: is already there, of another run or without its sidecar; --force replaces it", out.string()));
  }
  return true;
}

/// Everything of a whole sweep: where it screens, the second half follows from the first.
json finish_whole(app::Run& r, const sweep::Plan& plan, std::vector<sweep::Share> list, result::Journal& journal,
                  const std::function<void(const std::vector<sweep::Share>&)>& compute, const std::string& out) {
  sweep::Measured m{plan, sweep::names_of(plan.ids, r.tokenizer()), sweep::baseline_of(journal), {}, {}};
  for (const auto& share : list) m.tables[share.pass.of] = sweep::collect(share, journal);
  if (plan.screens) {
    m.refined = sweep::ids_to_refine(m);
    list = sweep::shares({sweep::refine_pass(plan, m.refined)}, {});
    compute(list);
    m.tables[sweep::PassOf::refine] = sweep::collect(list[0], journal);
  }
  for (const auto& warning : sweep::screen_warnings(m)) r.warn(warning);
  return sweep::write_findings(m, out);
}

void run(Options o, const CLI::App& command) {
  const auto shard = app::choose_shard(o.shard);
  const std::string spelled = o.is_part() ? app::to_string(shard) : "";
  o.run.out = app::with_shard(o.run.out, o.shard, shard);
  if (!o.run.out.empty()) sweep::check_name(o.run.out);
  const bool replaces = o.run.force;
  o.run.force = true;  // whether an existing result may stay or go is decided below, once it is known whose it is
  app::Run r(o.run, command);
  const auto plan = make_plan(o, r);
  const bool only_plans = o.run.dry_run && o.refine.empty();  // then no weight is read, not even for the identity
  const auto identity = only_plans ? json() : sweep::identity_of(r.provenance(), sweep::to_json(plan));
  const auto hash = result::sha256(identity.dump());
  const auto passes = o.refine.empty() ? sweep::first_passes(plan)
                                       : std::vector{sweep::refine_pass(plan, read_refine(o.refine, identity))};
  const auto list = sweep::shares(passes, shard);
  if (o.run.dry_run) {
    sweep::print_plan(r, list, plan, {o.gpus, command["--config"]->as<std::string>(), o.run.out});
    return;
  }
  if (o.run.out.empty()) throw InputError("--out is required: the file for the result");
  const auto journal_file = std::filesystem::path(o.run.out).replace_extension(".journal");
  if (!replaces && is_done(o.run.out, hash, spelled, list)) {
    result::Journal::remove_left_over(journal_file);
    if (!o.run.quiet) fmt::print(stderr, "vocab-sweep: {}: is already there, of exactly this run\n", o.run.out);
    return;
  }
  result::Journal journal(journal_file, {{"identity", identity},
                                         {"shard", spelled},
                                         {"refine", o.refine.empty() ? json() : json(sweep::hash_of(passes[0].ids))},
                                         {"units", sweep::units_to_json(list)}});
  if (journal.cut() > 0) r.warn(fmt::format("the journal's last {} bytes were torn and are cut off", journal.cut()));
  bool started = false;
  const auto compute = [&](const std::vector<sweep::Share>& wanted) {
    const int64_t tokens = sweep::tokens_missing(wanted, journal, plan);
    if (tokens == 0) return;
    if (!std::exchange(started, true)) r.start_tokens(tokens);
    sweep::run_missing(wanted, r, plan, journal);
  };
  compute(list);

  json more{{"identity", hash}, {"plan", sweep::to_json(plan)}}, results;
  if (o.is_part()) {
    results = sweep::write_tables(list, journal, o.run.out);
    results.update(sweep::baseline_of(journal));
    const auto names = sweep::names_of(results["passes"][0]["ids"], r.tokenizer());
    results["pieces"] = names.pieces;
    results["kinds"] = names.kinds;
    more["experiment"] = sweep::kPartExperiment;
    more["shard"] = spelled;
  } else {
    results = finish_whole(r, plan, list, journal, compute, o.run.out);
  }
  for (const auto& warning : sweep::batch_warnings(journal, plan, r.batch_size())) r.warn(warning);
  r.finish(sweep::metrics(plan), results, more);
  journal.remove();
}

}  // namespace

commands::Command vocab_sweep() {
  return {"vocab-sweep", "does every token make the same sink when it stands first?", [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            sweep::add_options(app, *o);
            app.callback([o, &app] { run(*o, app); });
          }};
}

}  // namespace sinkscope::experiments
