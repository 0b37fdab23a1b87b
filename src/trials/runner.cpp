#include "sinkscope/trials/runner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "sinkscope/app/interrupt.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/strata.h"

namespace sinkscope::trials {
namespace {

using intervene::Trial;
using nlohmann::json;

constexpr int64_t kAskedSamples = 100;

json design_to_json(const Options& o, const Design& design) {
  return {{"tracked", design.tracked}, {"runs", intervene::to_json(design.runs)}, {"layer", o.layer},
          {"controls", o.controls},    {"other_token", o.other_token}, {"loss", !o.no_loss},
          {"frozen", !o.no_frozen},    {"q_min", o.run.q_min},         {"halves", design.halves}};
}

std::vector<int64_t> to_indices(const at::Tensor& samples) {
  return {samples.data_ptr<int64_t>(), samples.data_ptr<int64_t>() + samples.numel()};
}

}  // namespace

Runner::Runner(app::Run& r, const Options& options, Design design)
    : run_(r),
      options_(options),
      design_(std::move(design)),
      rows_(design_.runs),
      bootstrap_(r.samples().documents, r.options().seed),
      by_first_token_(strata_by_first_token(r, bootstrap_)),
      halves_(undivided(static_cast<int64_t>(r.samples().ids.size()))) {
  const std::set<int64_t> documents(r.samples().documents.begin(), r.samples().documents.end());
  if (design_.wants_other_documents && documents.size() < 2) {
    throw InputError("resample: the samples are of one document; wanted another to take values from");
  }
  if (const int64_t L = r.config().n_layers; options.layer >= L) {
    throw InputError(fmt::format("--layer {}: the model has {} (0 to {})", options.layer, L, L - 1));
  }
  for (const auto* tokens : {&design_.tracked, &design_.edited}) {
    if (std::find(tokens->begin(), tokens->end(), options.other_token) == tokens->end()) continue;
    throw InputError(fmt::format("--other-token {}: is one of the tokens that are read, edited or copied from",
                                 options.other_token));
  }
  auto keys = keys_for(design_.tracked, design_.edited, options.other_token, r);
  setting_ = std::make_unique<Setting>(Setting{r, options_, facts_, std::move(keys), draw_other_documents()});
  if (!options.shard.empty()) shard_ = app::parse_shard(options.shard, "--shard");
  if (is_part() && !options.records.empty())
    throw InputError("--records: joins all shards; wanted no --shard beside it");
  for (const auto& file : split(options.records, ',')) {
    if (!std::filesystem::exists(file)) throw InputError(fmt::format("--records {}: is not there", file));
  }
  if (design_.halves) {
    halves_ = draw_halves(r.samples().documents, static_cast<uint64_t>(r.options().seed) + 2);
    setting_->means_over = halves_.choosing;
  }
  const auto n = testing().size(0);
  if (n < kAskedSamples)
    r.warn(fmt::format("{} samples to test on; the intervals of a causal claim want {} or more", n, kAskedSamples));
  if (documents.size() < 2) r.warn("the samples are of one document: there are no intervals");
  if (options.controls < 100)
    r.warn(fmt::format("{} random controls beside a trial; 100 or more are asked of a causal claim", options.controls));
}

Runner::~Runner() = default;

std::vector<int64_t> Runner::draw_other_documents() const {
  if (!design_.wants_other_documents) return {};
  const auto& documents = run_.samples().documents;
  std::mt19937_64 generator(static_cast<uint64_t>(run_.options().seed) + 1);
  std::vector<int64_t> from;
  for (const int64_t document : documents) {
    std::vector<int64_t> others;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (documents[i] != document) others.push_back(static_cast<int64_t>(i));
    }
    from.push_back(others[generator() % others.size()]);
  }
  return from;
}

bool Runner::start() {
  const double share = 0.5 + 1.0 / static_cast<double>(run_.config().n_layers);
  const double of_controls = static_cast<double>(options_.controls) + 3;
  const double of_trials = design_.trials * share * (1 + 0.5 * of_controls) / static_cast<double>(shard_.count);
  const double passes = 3 + design_.probes * share + of_trials;
  if (!run_.start(static_cast<int64_t>(passes + 1))) return false;
  run_.hold_interrupts();
  facts_ = find_facts(run_, keys(), run_.options().q_min);
  setting_->sink_layer = options_.layer >= 0 ? options_.layer : facts_.sink_layer;
  return true;
}

void Runner::open_records() {
  const auto provenance = run_.provenance();
  auto header = app::identity_of(provenance);
  header["experiment"] = provenance.at("experiment");
  header["trials"] = design_to_json(options_, design_);
  auto file = std::filesystem::path(run_.options().out);
  if (is_part()) file.replace_extension(fmt::format("{}-of-{}.json", shard_.index, shard_.count));
  records_ = std::make_unique<Records>(file.replace_extension(".journal"), header, split(options_.records, ','));
  if (records_->cut() > 0) {
    run_.warn(fmt::format("the journal's last {} bytes were torn and are cut off", records_->cut()));
  }
}

void Runner::check(const std::vector<Trial>& list) const {
  intervene::check(list, design_.runs, run_.config(), run_.longest());
  check_lengths(list);
  if (!options_.no_loss) return;
  const model::Site last{model::Point::pattern, run_.config().n_layers - 1};
  for (const auto& trial : list) {
    for (const auto& edit : trial.edits) {
      if (model::before(edit.site, last)) continue;
      throw InputError(fmt::format("trial '{}': with --no-loss nothing would see the edit at {}", trial.name,
                                   model::name(edit.site)));
    }
  }
}

/// A mean over samples at every token wants samples that have every token.
void Runner::check_lengths(const std::vector<Trial>& list) const {
  const auto [shortest, longest] = std::minmax_element(run_.lengths().begin(), run_.lengths().end());
  if (*shortest == *longest) return;
  for (const auto& trial : list) {
    for (const auto& edit : trial.edits) {
      if (!edit.all_but || !intervene::takes_rows(edit) || !edit.from->tokens.empty()) continue;
      throw InputError(fmt::format("trial '{}': {} at all tokens but some wants samples of one length, found {} to {}",
                                   trial.name, intervene::name(edit.operation), *shortest, *longest));
    }
  }
}

/// Of the edits, and of the same edits at the control's position.
void Runner::want_rows(const std::vector<Trial>& list, Depth depth) {
  for (const auto& trial : list) {
    for (auto edit : trial.edits) {
      rows_.want(edit, run_.longest());
      if (edit.all_but || depth == Depth::probe) continue;
      edit.tokens = {options_.other_token};
      rows_.want(edit, run_.longest());
    }
  }
}

std::vector<Trial> Runner::missing(const std::vector<Trial>& list, int64_t batch, Depth depth) const {
  std::vector<Trial> left;
  for (const auto& trial : list) {
    if (!records_->has(trial, batch, depth)) left.push_back(trial);
  }
  return left;
}

/// Made anew where another batch, or other places, are held.
BatchTrials& Runner::batch(int64_t index, const std::vector<Trial>& list) {
  if (held_ != index || !batch_->keeps(list)) {
    batch_.reset();
    batch_ = std::make_unique<BatchTrials>(*setting_, run_.batches()[static_cast<size_t>(index)], list);
    held_ = index;
  }
  return *batch_;
}

void Runner::require_sink() const {
  if (sink_layer() >= 0) return;
  throw InputError("no sink: no layer's attention to token 0 stands out; --layer names one to read at all the same");
}

void Runner::complete(const std::vector<Trial>& list, Depth depth) {
  require_sink();
  if (!records_) open_records();
  want_rows(list, depth);
  unedited_parts_.resize(run_.batches().size());
  for (size_t b = 0; b < run_.batches().size(); ++b) {
    const auto index = static_cast<int64_t>(b);
    const auto left = missing(list, index, depth);
    if (left.empty() && unedited_parts_[b].attention.defined()) continue;
    if (!left.empty()) rows_.gather(run_);
    auto& trials = batch(index, left);
    unedited_parts_[b] = trials.unedited();
    for (const auto& trial : left) {
      app::check_interrupt();
      records_->add(trial, index, depth, depth == Depth::whole ? trials.run(trial, rows_) : trials.probe(trial, rows_));
      run_.note(trial.name);
    }
  }
}

Outcome Runner::half(Outcome outcome, const at::Tensor& other) const {
  return design_.halves ? without(std::move(outcome), other) : outcome;
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
  complete(own(list), Depth::whole);
  if (is_part()) return {};
  unedited_ = half(joined(unedited_parts_), choosing());
  std::vector<Measured> measured;
  const auto batches = static_cast<int64_t>(run_.batches().size());
  for (const auto& trial : list)
    measured.push_back({trial, half(records_->joined(trial, batches, Depth::whole), choosing())});
  return measured;
}

Outcome Runner::probe(const Trial& trial) {
  check({trial});
  complete({trial}, Depth::probe);
  return half(records_->joined(trial, static_cast<int64_t>(run_.batches().size()), Depth::probe), testing());
}

Outcome Runner::unedited_probe() {
  complete({}, Depth::probe);
  return half(joined(unedited_parts_), testing());
}

void Runner::finish(const json& metrics, json results) {
  results["facts"] = to_json(facts_);
  results["sink_layer"] = sink_layer() >= 0 ? json(sink_layer()) : json();
  results["tokens"] = {{"tracked", keys().tracked},
                       {"ordinary", keys().ordinary},
                       {"first_queries", keys().first_queries(run_.options().q_min)}};
  if (design_.halves) {
    results["halves"] = {{"choosing", to_indices(choosing())}, {"testing", to_indices(testing())}};
  }
  run_.finish(metrics, results);
  if (records_) records_->remove();
}

}  // namespace sinkscope::trials
