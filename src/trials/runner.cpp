#include "sinkscope/trials/runner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "sinkscope/app/option_types.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/cost.h"

namespace sinkscope::trials {
namespace {

using intervene::Trial;
using nlohmann::json;

app::Shard shard_of(const Options& o) {
  if (o.shard.empty()) return {};
  return app::parse_shard(o.shard, "--shard");
}

}  // namespace

std::string no_sink(const char* remedy) {
  return fmt::format("no sink: no layer's attention to token 0 is far above an ordinary token's; {}", remedy);
}

Runner::Runner(app::Run& r, const Options& options, Design design)
    : run_(r),
      options_(options),
      design_(std::move(design)),
      sources_(design_.runs),
      bootstrap_(r.samples().documents, r.options().seed, r.samples().text_of),
      by_first_token_(strata_by_first_token(r, bootstrap_)),
      by_text_(strata_by_text(r, bootstrap_)),
      split_(undivided(static_cast<int64_t>(r.samples().ids.size()))),
      sharing_(shard_of(options), r.options().out, options.patience,
               options.ending.value_or(Ending::of(r.options().out))) {
  app::refuse_standard_output(r.options().out, "a journal is kept beside the result, so that a killed run goes on");
  trials::check(design_, options, r);
  auto keys = keys_for(design_.tracked, design_.edited, options.other_token, r);
  setting_ = std::make_unique<Setting>(Setting{r, options_, std::move(keys), draw_other_documents(design_, r)});
  if (design_.split) {
    split_ = draw_split(r.samples(), static_cast<uint64_t>(r.options().seed) + 2);
    setting_->means_over = split_.choosing;
  }
  warn_of_weak_claims(r, options, testing().size(0));
}

bool Runner::start() {
  const double passes = 1 + expected_passes(likely_stages());
  if (!run_.start_tokens(static_cast<int64_t>(passes * static_cast<double>(run_.inputs().tokens())))) return false;
  run_.hold_interrupts();
  baseline_ = find_sink_baseline(run_, keys(), run_.options().q_min, run_.batches().size(), options_.layer);
  setting_->sink_layer = options_.layer >= 0 ? options_.layer : baseline_.sink_layer;
  setting_->massive_activation = baseline_.massive_activation;
  const double left = expected_passes(asked_stages(baseline_));
  run_.expect(left);
  if (sharing_.is_helper()) {
    help();
    return false;
  }
  if (left > 0 && sink_layer() >= 0) run_.say_cost(left);
  return true;
}

/// Measures the shard's share of what shard 0 chooses, until that is all.
void Runner::help() {
  if (!design_.by_stage && sink_layer() < 0) return;  // there are no trials
  while (const auto list = sharing_.next(header())) {
    if (design_.by_stage && (!passes_ || stage_ != list->stage)) turn_to(list->stage);
    const auto trials = intervene::read_back(list->trials, design_.runs, run_.config(), run_.longest());
    check(trials);
    complete_own(trials);
  }
  run_.session().end_progress();
}

/// What is measured is measured of the half that tests, what is probed of the half that chooses.
Cost Runner::cost(int64_t sink_layer, int64_t last_layer) const {
  const double all = static_cast<double>(run_.lengths().size());
  return {run_.config(),
          options_,
          {.sink = sink_layer, .last = last_layer},
          static_cast<double>(testing().size(0)) / all,
          static_cast<double>(choosing().size(0)) / all};
}

/// Where trials of a stage end: with it, unless more is read of them.
int64_t Runner::last_layer(const SinkStage& stage) const {
  return design_.by_stage && options_.no_loss && options_.layer < 0 ? stage.last : -1;
}

void Runner::turn_to(size_t stage) {
  for (auto* made : {&passes_, &probes_}) {
    if (!*made) continue;
    (*made)->release();
    earlier_.push_back(std::move(*made));
  }
  stage_ = stage;
  const auto& found = baseline_.stages.at(stage);
  setting_->sink_layer = found.layer;
  setting_->massive_activation = found.massive_activation;
  setting_->last_layer = last_layer(found);
  unedited_ = {};
  run_.expect(expected_of(found, first_layer()) + expected_after());
}

/// Of a design that is not by stage: the one layer in which it reads the sink.
std::vector<SinkStage> Runner::asked_stages(const SinkBaseline& found) const {
  if (design_.by_stage) return found.stages;
  const int64_t layer = options_.layer >= 0 ? options_.layer : found.sink_layer;
  return {{layer, layer, layer}};
}

/// Of one stage. What a later one rests on comes about shortly before it, so that few of its sites are looked at
/// closely.
double Runner::expected_of(const SinkStage& stage, int64_t after) const {
  constexpr double kLaterStage = 0.5;
  return (after > 0 ? kLaterStage : 1) * cost(stage.layer, last_layer(stage)).of(design_, after);
}

/// Of the stages after this one.
double Runner::expected_after() const {
  if (!design_.by_stage || stage_ + 1 >= baseline_.stages.size()) return 0;
  return expected_passes({baseline_.stages.begin() + static_cast<int64_t>(stage_) + 1, baseline_.stages.end()},
                         sink_layer());
}

double Runner::expected_passes(const std::vector<SinkStage>& stages, int64_t after) const {
  double passes = 0;
  for (const auto& stage : stages) {
    passes += expected_of(stage, after);
    after = stage.layer;
  }
  return passes / static_cast<double>(sharing_.shards());
}

/// A dry run looks at the first batch, where the weights fit in memory; else a fifth of the layers lie before the sink,
/// as in most models.
std::vector<SinkStage> Runner::likely_stages() {
  const int64_t likely = options_.layer >= 0 ? options_.layer : run_.config().n_layers / 5;
  std::vector<SinkStage> assumed{{likely, likely, likely}};
  if (!run_.options().dry_run || options_.layer >= 0) return assumed;
  if (2 * run_.inputs().checkpoint().bytes() > model::free_memory(run_.device())) {
    fmt::print("sink          assumed in layer {}: there is no memory to look; --layer names it\n", likely);
    return assumed;
  }
  run_.load(run_.inputs().tokens());
  const auto stages = asked_stages(find_sink_baseline(run_, keys(), run_.options().q_min, 1));
  run_.session().end_progress();
  std::vector<int64_t> layers;
  for (const auto& stage : stages) {
    if (stage.layer >= 0) layers.push_back(stage.layer);
  }
  fmt::print("sink          {}\n", layers.empty()
                                       ? "none in the first batch"
                                       : fmt::format("in layer {} of the first batch", fmt::join(layers, " and ")));
  return layers.empty() ? assumed : stages;
}

void Runner::require_sink() const {
  if (sink_layer() < 0) throw InputError(no_sink());
}

/// What its journals must agree in.
const json& Runner::header() {
  if (!header_.is_null()) return header_;
  const auto provenance = run_.provenance();
  header_ = app::identity_of(provenance);
  header_["experiment"] = provenance.at("experiment");
  header_["trials"] = to_json(design_, options_);
  if (sharing_.is_shared()) header_["shards"] = sharing_.shards();
  return header_;
}

/// Opened when the first trial is made. Of a design that splits, what is measured and what is probed have a journal
/// each, since they are over other samples.
JournaledPasses& Runner::passes(Depth depth) {
  require_sink();
  auto& opened = depth == Depth::whole ? passes_ : probes_;
  if (opened) return *opened;
  auto of_journal = header();
  auto file = std::filesystem::path(run_.options().out);
  if (design_.by_stage) {
    of_journal["stage"] = stage_;
    file.replace_extension(fmt::format("stage-{}.json", stage_));
  }
  if (depth == Depth::probe) file.replace_extension("probes.json");
  opened = std::make_unique<JournaledPasses>(*setting_, sources_, depth == Depth::whole ? testing() : choosing(),
                                             sharing_.journal(file.replace_extension(".journal")), of_journal);
  return *opened;
}

Outcome Runner::of_all(Outcome outcome) const {
  return design_.split ? spread(std::move(outcome), testing(), static_cast<int64_t>(run_.lengths().size())) : outcome;
}

void Runner::complete_own(const std::vector<Trial>& list) {
  const auto own = sharing_.own(list);
  run_.expect(cost(sink_layer(), setting_->last_layer).of(own, Depth::whole) + expected_after());
  passes(Depth::whole).complete(own, Depth::whole);
}

std::vector<Measured> Runner::measure(const std::vector<Trial>& list) {
  check(list);
  auto& made = passes(Depth::whole);
  sharing_.write_down(stage_, list, made.batches(), header());
  complete_own(list);
  sharing_.wait_for(list, made);
  made.complete(list, Depth::whole);
  unedited_ = of_all(made.unedited());
  std::vector<Measured> measured;
  for (const auto& trial : list) measured.push_back({trial, of_all(made.outcome(trial, Depth::whole))});
  return measured;
}

Outcome Runner::probe(const Trial& trial) {
  check({trial});
  auto& made = passes(Depth::probe);
  made.complete({trial}, Depth::probe);
  return made.outcome(trial, Depth::probe);
}

Outcome Runner::unedited_probe() {
  auto& made = passes(Depth::probe);
  made.complete({}, Depth::probe);
  return made.unedited();
}

std::vector<at::Tensor> Runner::rows(const std::vector<Trial>& list, const model::Site& site) {
  check(list);
  return passes(Depth::whole).rows(list, site);
}

/// Of all that was made so far, with those of the other shards.
std::vector<std::filesystem::path> Runner::journals() const {
  std::vector<std::filesystem::path> files{sharing_.lists()};
  const auto add = [&](const JournaledPasses& made) {
    files.push_back(made.journal());
    const auto others = sharing_.others(made.journal());
    files.insert(files.end(), others.begin(), others.end());
  };
  for (const auto& made : earlier_) add(*made);
  for (const auto* made : {&passes_, &probes_}) {
    if (*made) add(**made);
  }
  return files;
}

std::vector<std::filesystem::path> Runner::close() {
  sharing_.end(header());
  return journals();
}

void Runner::finish(const json& metrics, json results) {
  results["sink_baseline"] = to_json(baseline_);
  const int64_t layer = options_.layer >= 0 ? options_.layer : baseline_.sink_layer;
  results["sink_layer"] = layer >= 0 ? json(layer) : json();
  results["tokens"] = {{"tracked", keys().tracked},
                       {"ordinary", keys().ordinary},
                       {"first_queries", keys().first_queries(run_.options().q_min)}};
  if (design_.split) {
    results["selection_split"] = {{"choosing", model::to_int_vector(choosing())},
                                  {"testing", model::to_int_vector(testing())}};
  }
  run_.finish(metrics, results, design_.tensor_files.empty() ? json() : json{{"tensor_files", design_.tensor_files}});
  const auto files = close();
  earlier_.clear();
  passes_.reset();
  probes_.reset();
  sharing_.remove(files);
}

}  // namespace sinkscope::trials
