#include "sinkscope/trials/runner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/app/provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/cost.h"
#include "sinkscope/trials/strata.h"

namespace sinkscope::trials {
namespace {

using intervene::Trial;
using nlohmann::json;

app::Shard shard_of(const Options& o) {
  if (o.shard.empty()) return {};
  const auto shard = app::parse_shard(o.shard, "--shard");
  if (shard.count > 1 && !o.records.empty())
    throw InputError("--records: joins all shards; expected no --shard beside it");
  return shard;
}

std::vector<std::string> records_of(const Options& o) {
  auto files = split(o.records, ',');
  for (const auto& file : files) {
    if (!std::filesystem::exists(file)) throw InputError(fmt::format("--records {}: does not exist", file));
  }
  return files;
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
      bootstrap_(r.samples().documents, r.options().seed),
      by_first_token_(strata_by_first_token(r, bootstrap_)),
      split_(undivided(static_cast<int64_t>(r.samples().ids.size()))) {
  trials::check(design_, options, r);
  auto keys = keys_for(design_.tracked, design_.edited, options.other_token, r);
  setting_ =
      std::make_unique<Setting>(Setting{r, options_, baseline_, std::move(keys), draw_other_documents(design_, r)});
  shard_ = shard_of(options);
  records_of(options);
  if (design_.split) {
    split_ = draw_split(r.samples().documents, static_cast<uint64_t>(r.options().seed) + 2);
    setting_->means_over = split_.choosing;
  }
  warn_of_weak_claims(r, options, testing().size(0));
}

bool Runner::start() {
  const double passes = expected_passes(options_.layer >= 0 ? options_.layer : likely_sink_layer());
  if (!run_.start_tokens(static_cast<int64_t>(passes * static_cast<double>(run_.inputs().tokens())))) return false;
  run_.hold_interrupts();
  baseline_ = find_sink_baseline(run_, keys(), run_.options().q_min, run_.batches().size());
  setting_->sink_layer = options_.layer >= 0 ? options_.layer : baseline_.sink_layer;
  run_.expect(expected_passes(sink_layer()) - 1);
  return true;
}

double Runner::expected_passes(int64_t sink_layer) const {
  return 1 + Cost(run_.config(), options_, sink_layer).of(design_) / static_cast<double>(shard_.count);
}

/// A dry run looks at the first batch, where the weights fit in memory; else a fifth of the layers lie before the sink,
/// as in most models.
int64_t Runner::likely_sink_layer() {
  const int64_t likely = run_.config().n_layers / 5;
  if (!run_.options().dry_run) return likely;
  if (2 * run_.inputs().checkpoint().bytes() > model::free_memory(run_.device())) {
    fmt::print("sink          assumed in layer {}: there is no memory to look; --layer names it\n", likely);
    return likely;
  }
  run_.load(run_.inputs().tokens());
  const auto found = find_sink_baseline(run_, keys(), run_.options().q_min, 1).sink_layer;
  run_.session().end_progress();
  fmt::print("sink          {}\n",
             found < 0 ? "none in the first batch" : fmt::format("in layer {} of the first batch", found));
  return found < 0 ? likely : found;
}

void Runner::require_sink() const {
  if (sink_layer() < 0) throw InputError(no_sink());
}

/// Opened when the first trial is made.
JournaledPasses& Runner::passes() {
  require_sink();
  if (passes_) return *passes_;
  const auto provenance = run_.provenance();
  auto header = app::identity_of(provenance);
  header["experiment"] = provenance.at("experiment");
  header["trials"] = to_json(design_, options_);
  auto file = std::filesystem::path(run_.options().out);
  if (is_part()) file.replace_extension(fmt::format("{}-of-{}.json", shard_.index, shard_.count));
  passes_ = std::make_unique<JournaledPasses>(*setting_, sources_, file.replace_extension(".journal"), header,
                                              records_of(options_));
  return *passes_;
}

Outcome Runner::only(Outcome outcome, const at::Tensor& other) const {
  return design_.split ? without(std::move(outcome), other) : outcome;
}

std::vector<Trial> Runner::own(const std::vector<Trial>& list) const {
  std::vector<Trial> part;
  for (auto i = static_cast<size_t>(shard_.index); i < list.size(); i += static_cast<size_t>(shard_.count)) {
    part.push_back(list[i]);
  }
  return part;
}

std::vector<Measured> Runner::measure(const std::vector<Trial>& list) {
  check(list);
  auto& made = passes();
  run_.expect(Cost(run_.config(), options_, sink_layer()).of(own(list), Depth::whole));
  made.complete(own(list), Depth::whole);
  if (is_part()) return {};
  unedited_ = only(passes().unedited(), choosing());
  std::vector<Measured> measured;
  for (const auto& trial : list) measured.push_back({trial, only(passes().outcome(trial, Depth::whole), choosing())});
  return measured;
}

Outcome Runner::probe(const Trial& trial) {
  check({trial});
  passes().complete({trial}, Depth::probe);
  return only(passes().outcome(trial, Depth::probe), testing());
}

Outcome Runner::unedited_probe() {
  passes().complete({}, Depth::probe);
  return only(passes().unedited(), testing());
}

void Runner::finish(const json& metrics, json results) {
  results["sink_baseline"] = to_json(baseline_);
  results["sink_layer"] = sink_layer() >= 0 ? json(sink_layer()) : json();
  results["tokens"] = {{"tracked", keys().tracked},
                       {"ordinary", keys().ordinary},
                       {"first_queries", keys().first_queries(run_.options().q_min)}};
  if (design_.split) {
    results["selection_split"] = {{"choosing", model::to_int_vector(choosing())},
                                  {"testing", model::to_int_vector(testing())}};
  }
  run_.finish(metrics, results, design_.tensor_files.empty() ? json() : json{{"tensor_files", design_.tensor_files}});
  if (passes_) passes_->remove_journal();
}

}  // namespace sinkscope::trials
