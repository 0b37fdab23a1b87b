#include "runner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "../token_kinds.h"
#include "interrupt.h"
#include "provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::experiments::trials {
namespace {

using intervene::Trial;
using nlohmann::json;

constexpr int64_t kAskedSamples = 100;

constexpr size_t kKeyBytes = 64;  // of a record, before the outcome's

std::string key_of(const Trial& trial, int64_t batch, bool whole) {
  return result::sha256(fmt::format("{} {}{}", intervene::to_json(trial).dump(), batch, whole ? "" : " probe"));
}

/// NaN in some samples' rows of everything that has one row a sample.
Outcome without(Outcome outcome, const at::Tensor& samples) {
  for (auto* tensor : {&outcome.attention, &outcome.spike, &outcome.loss, &outcome.written, &outcome.frozen,
                       &outcome.moved, &outcome.random}) {
    if (tensor->defined()) *tensor = tensor->index_fill(0, samples, std::numeric_limits<double>::quiet_NaN());
  }
  return outcome;
}

/// The samples of some documents.
at::Tensor samples_of(const std::vector<int64_t>& documents, const std::set<int64_t>& chosen, bool inside) {
  std::vector<int64_t> samples;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (chosen.contains(documents[i]) == inside) samples.push_back(static_cast<int64_t>(i));
  }
  return at::tensor(samples, at::kLong);
}

/// What first tokens the samples have.
std::vector<std::string> first_token_kinds(const app::Run& r) {
  const auto* tokenizer = r.tokenizer();
  std::vector<std::string> kinds;
  for (const auto& ids : r.samples().ids) {
    std::string kind = "ordinary";
    if (ids.size() > 1 && ids[0] == ids[1]) {
      kind = "repeated";
    } else if (tokenizer && ids[0] < tokenizer->size()) {
      const auto of_token = token_kind(tokenizer->bytes(ids[0]), tokenizer->is_special(ids[0]));
      if (of_token == "special" || of_token == "whitespace") kind = of_token;
    }
    kinds.push_back(kind);
  }
  return kinds;
}

std::map<std::string, measure::Bootstrap> by_kind(const measure::Bootstrap& all,
                                                  const std::vector<std::string>& kinds) {
  std::map<std::string, measure::Bootstrap> parts;
  for (const auto& kind : kinds) {
    if (parts.contains(kind)) continue;
    auto chosen = at::zeros({static_cast<int64_t>(kinds.size())}, at::kBool);
    for (size_t i = 0; i < kinds.size(); ++i) chosen[static_cast<int64_t>(i)] = kinds[i] == kind;
    parts.emplace(kind, all.over(chosen));
  }
  return parts;
}

json design_to_json(const Options& o, const Design& design) {
  return {{"tracked", design.tracked}, {"runs", design.runs},          {"layer", o.layer},
          {"controls", o.controls},    {"other_token", o.other_token}, {"loss", !o.no_loss},
          {"frozen", !o.no_frozen},    {"q_min", o.run.q_min},         {"halves", design.halves}};
}

}  // namespace

Runner::Runner(app::Run& r, const Options& options, Design design)
    : run_(r),
      options_(options),
      design_(std::move(design)),
      rows_(design_.runs),
      bootstrap_(r.samples().documents, r.options().seed),
      by_first_token_(by_kind(bootstrap_, first_token_kinds(r))),
      choosing_(at::arange(static_cast<int64_t>(r.samples().ids.size()))),
      testing_(choosing_) {
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
  auto edited = design_.edited;
  edited.push_back(options.other_token);
  auto keys = keys_for(design_.tracked, edited, r);
  setting_ = std::make_unique<Setting>(Setting{r, options_, facts_, std::move(keys), draw_other_documents()});
  if (design_.halves) draw_halves();
  const auto n = testing_.size(0);
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

void Runner::draw_halves() {
  const auto& of_sample = run_.samples().documents;
  const std::set<int64_t> distinct(of_sample.begin(), of_sample.end());
  if (distinct.size() < 4) {
    throw InputError(
        fmt::format("samples of {} documents: candidates are chosen on half of the documents and tested "
                    "on the others; wanted 4 or more",
                    distinct.size()));
  }
  std::vector<int64_t> documents(distinct.begin(), distinct.end());
  std::mt19937_64 generator(static_cast<uint64_t>(run_.options().seed) + 2);
  for (size_t i = documents.size(); i > 1; --i) std::swap(documents[i - 1], documents[generator() % i]);
  const auto middle = documents.begin() + static_cast<int64_t>(documents.size() / 2);
  const std::set<int64_t> chosen(documents.begin(), middle);
  choosing_ = samples_of(of_sample, chosen, true);
  testing_ = samples_of(of_sample, chosen, false);
  setting_->means_over = choosing_;
}

bool Runner::start() {
  const double share = 0.5 + 1.0 / static_cast<double>(run_.config().n_layers);
  const double of_controls = static_cast<double>(options_.controls) + 3;
  const double passes = 3 + design_.trials * share * (1 + 0.5 * of_controls);
  if (!run_.start(static_cast<int64_t>(passes + 1))) return false;
  run_.hold_interrupts();
  facts_ = find_facts(run_, keys(), run_.options().q_min);
  setting_->sink_layer = options_.layer >= 0 ? options_.layer : facts_.sink_layer;
  return true;
}

void Runner::open_journal() {
  const auto provenance = run_.provenance();
  auto header = app::identity_of(provenance);
  header["experiment"] = provenance.at("experiment");
  header["trials"] = design_to_json(options_, design_);
  const auto file = std::filesystem::path(run_.options().out).replace_extension(".journal");
  journal_ = std::make_unique<result::Journal>(file, header);
  if (journal_->cut() > 0) {
    run_.warn(fmt::format("the journal's last {} bytes were torn and are cut off", journal_->cut()));
  }
  for (const auto& [unit, payload] : journal_->records()) units_[payload.substr(0, kKeyBytes)] = unit;
}

void Runner::check(const std::vector<Trial>& list) const {
  intervene::check(list, design_.runs, run_.config(), run_.longest());
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
    if (!units_.contains(key_of(trial, batch, depth == Depth::whole))) left.push_back(trial);
  }
  return left;
}

void Runner::record(const std::string& key, const Outcome& outcome) {
  const auto unit = static_cast<int64_t>(journal_->records().size());
  journal_->append(unit, key + to_bytes(outcome));
  units_[key] = unit;
}

Outcome Runner::recorded(const Trial& trial, Depth depth) const {
  std::vector<Outcome> parts;
  for (size_t b = 0; b < run_.batches().size(); ++b) {
    const auto unit = units_.at(key_of(trial, static_cast<int64_t>(b), depth == Depth::whole));
    parts.push_back(from_bytes(journal_->records().at(unit).substr(kKeyBytes)));
  }
  return joined(parts);
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

void Runner::complete(const std::vector<Trial>& list, Depth depth) {
  if (sink_layer() < 0) {
    throw InputError("no sink: no layer's attention to token 0 stands out; --layer names one to read at all the same");
  }
  check(list);
  if (!journal_) open_journal();
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
      const bool whole = depth == Depth::whole;
      record(key_of(trial, index, whole), whole ? trials.run(trial, rows_) : trials.probe(trial, rows_));
      run_.note(trial.name);
    }
  }
}

std::vector<Outcome> Runner::measure(const std::vector<Trial>& list) {
  complete(list, Depth::whole);
  const auto tested = [&](Outcome outcome) {
    return design_.halves ? without(std::move(outcome), choosing_) : outcome;
  };
  unedited_ = tested(joined(unedited_parts_));
  std::vector<Outcome> outcomes;
  for (const auto& trial : list) outcomes.push_back(tested(recorded(trial, Depth::whole)));
  return outcomes;
}

Outcome Runner::probe(const Trial& trial) {
  complete({trial}, Depth::probe);
  auto outcome = recorded(trial, Depth::probe);
  return design_.halves ? without(std::move(outcome), testing_) : outcome;
}

Outcome Runner::unedited_probe() {
  complete({}, Depth::probe);
  auto outcome = joined(unedited_parts_);
  return design_.halves ? without(std::move(outcome), testing_) : outcome;
}

void Runner::finish(const json& metrics, json results) {
  results["facts"] = to_json(facts_);
  results["sink_layer"] = sink_layer() >= 0 ? json(sink_layer()) : json();
  results["tokens"] = {{"tracked", keys().tracked},
                       {"ordinary", keys().ordinary},
                       {"first_queries", keys().first_queries(run_.options().q_min)}};
  run_.finish(metrics, results);
  if (journal_) journal_->remove();
}

json metrics(const Options& o, const Keys& keys) {
  return {
      {"mean_attention",
       fmt::format("mean of the post-softmax attention A[l,h,q,k] over heads and queries q >= {} (an ordinary token: "
                   "q > its own position), of a sample; no self term; then over samples",
                   keys.first_queries(o.run.q_min)[0])},
      {"difference",
       "trial less unedited run, paired by sample; ci95: percentile bootstrap over documents, 2000 draws, seeded"},
      {"reading",
       fmt::format("'no effect': the interval lies within {} of the unedited sink; 'effect': it excludes 0 and the "
                   "mean is beyond that bound; otherwise 'undecided'",
                   o.equivalence)},
      {"spike", "norm of the spike's dimensions where they are written"},
      {"loss", "next-token cross entropy, nats, mean over a sample's tokens"},
      {"random",
       "the edited rows moved as far in random directions, or along random signs in as many other dimensions, "
       "lengths measured with the gain of the norm that reads them; p: share (1 + at least as large) / (1 + n)"},
      {"frozen",
       "norms up to the spike's MLP (the sink layer's attention without a spike) divide by the unedited run's scale"},
      {"outside_natural_range",
       "share of written coordinates outside the 1 to 99 % range that they have at token 0 and the edited tokens"}};
}

}  // namespace sinkscope::experiments::trials
