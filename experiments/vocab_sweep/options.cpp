#include "experiments/vocab_sweep/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "experiments/vocab_sweep/measure.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/vocabulary_ids.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments::sweep {
namespace {

constexpr int64_t kLeastAudit = 64;

/// A sixteenth of the tokens: a third of the samples cut to 3/16 of their length (rows q < T' are the same as at full
/// length). On the demo model that leaves less error than all samples shorter, or fewer whole ones.
void choose_pilot(Plan& plan, const Options& o, std::vector<int64_t> lengths) {
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<int64_t>(lengths.size() / 2), lengths.end());
  const int64_t median = lengths[lengths.size() / 2];  // of ragged samples
  const int64_t needs = std::max(plan.at + 1, plan.q_min) + 1;
  const bool is_given = o.pilot_samples > 0 || o.pilot_length > 0;
  plan.pilot_length = o.pilot_length > 0 ? o.pilot_length
                      : is_given         ? plan.length
                                         : std::min(plan.length, std::max(median * 3 / 16, needs + 6));
  const int64_t sixteenth = (plan.samples * plan.length + 8 * plan.pilot_length) / (16 * plan.pilot_length);
  plan.pilot_samples = o.pilot_samples > 0 ? o.pilot_samples
                       : is_given          ? plan.samples
                                           : std::clamp<int64_t>(sixteenth, 1, plan.samples);
  const auto check = [](const char* option, int64_t value, int64_t most) {
    if (value > most) throw InputError(fmt::format("{} {}: expected at most {}", option, value, most));
  };
  check("--pilot-samples", plan.pilot_samples, plan.samples);
  check("--pilot-length", plan.pilot_length, plan.length);
  if (plan.pilot_length < needs) {
    throw InputError(
        fmt::format("--pilot-length {}: expected {} or more, for a query after token {} and from --q-min {} on",
                    plan.pilot_length, needs, plan.at, plan.q_min));
  }
}

void check_pilot(const Plan& plan, const std::vector<int64_t>& lengths) {
  for (const int64_t sample : pilot_samples(plan)) {
    if (std::min(lengths[sample], plan.pilot_length) > std::max(plan.at + 1, pilot_q_min(plan))) return;
  }
  throw InputError(fmt::format(
      "--pilot-length {}: none of the pilot's {} samples has a query from {} on; choose a shorter one, or more "
      "--pilot-samples",
      plan.pilot_length, plan.pilot_samples, pilot_q_min(plan)));
}

}  // namespace

Plan make_plan(const Options& o, const app::Inputs& r) {
  const auto& lengths = r.batches().lengths;
  Plan plan{.ids = app::vocabulary_ids({.list = o.ids, .unused_rows = o.unused_rows, .seed = o.run.seed}, r.config(),
                                       r.tokenizer()),
            .at = o.at,
            .q_min = o.run.q_min,
            .samples = static_cast<int64_t>(lengths.size()),
            .length = r.batches().longest,
            .screens = o.strategy == "screen",
            .top = o.top,
            .outlier_z = o.outlier_z,
            .seed = o.run.seed,
            .per_head = o.per_head};
  plan.ids_per_unit = o.ids_per_unit == "auto"
                          ? automatic_ids_per_unit(plan, model::parameter_count(r.config()), r.device().is_cpu())
                          : parse_int(o.ids_per_unit, "--ids-per-unit");
  if (plan.ids_per_unit < 1 || plan.ids_per_unit > 1 << 20) {
    throw InputError(fmt::format("--ids-per-unit {}: expected 1 to {}, or auto", plan.ids_per_unit, 1 << 20));
  }
  const auto shortest = *std::min_element(lengths.begin(), lengths.end());
  if (o.at >= shortest)
    throw InputError(fmt::format("--at {}: the shortest sample has only {} tokens", o.at, shortest));
  const measure::SinkScore check(r.config(), tracked(plan, {}), lengths);
  if (!plan.screens) return plan;
  choose_pilot(plan, o, lengths);
  check_pilot(plan, lengths);
  const auto ids = static_cast<int64_t>(plan.ids.size());
  plan.audit = o.audit > 0 ? o.audit : std::max(kLeastAudit, ids / 100);
  if (plan.audit < 20 || plan.audit > ids) {
    throw InputError(
        fmt::format("--strategy screen: an audit of {} of {} ids; expected 20 to {}", plan.audit, ids, ids));
  }
  plan.top = std::min(o.top, std::max<int64_t>(1, ids / 100));
  return plan;
}

namespace {

void add_screen_options(CLI::App& app, Options& o) {
  app.option_defaults()->group("Screening");
  app.add_option("--strategy", o.strategy,
                 "all: measure every id in full; screen: a pilot for every id, then in full those that may be extreme")
      ->capture_default_str()
      ->check(CLI::IsMember({"all", "screen"}));
  app.add_option("--pilot-samples", o.pilot_samples, "samples of the pilot; 0: a sixteenth of the tokens")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--pilot-length", o.pilot_length, "tokens per sample of the pilot; 0: a sixteenth of the tokens")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--audit", o.audit, "ids drawn at random and measured in full; 0: one in a hundred, at least 64")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--top", o.top, "largest and smallest scores to measure in full, at most one id in a hundred")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  app.add_option("--outlier-z", o.outlier_z, "measure in full every id this many standard deviations from the mean")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--refine", o.refine, "a merged screen: measure in full the ids that it lists")->type_name(app::kFile);
}

}  // namespace

void add_options(CLI::App& app, Options& o) {
  app::add_run_options(app, o.run);
  app.add_option("--ids", o.ids, app::kIdsHelp)->capture_default_str();
  app.add_option("--at", o.at, "the position where each id is put")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--ids-per-unit", o.ids_per_unit, "ids per unit of work, or auto: a few seconds of work")
      ->capture_default_str();
  app.add_option("--per-head", o.per_head, "also keep the scores by layer and head, in the .safetensors file")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "float16", "float32"}));
  app.add_flag("--unused-rows", o.unused_rows, "also sweep embedding rows that no token has");
  app.add_option("--gpus", o.gpus, "with --dry-run: plan for this many GPUs")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  add_screen_options(app, o);
  app::add_shard_options(app, o.shard);
}

}  // namespace sinkscope::experiments::sweep
