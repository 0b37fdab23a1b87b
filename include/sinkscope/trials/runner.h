#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/app/shard.h"
#include "sinkscope/measure/bootstrap.h"
#include "sinkscope/trials/design.h"
#include "sinkscope/trials/journaled_passes.h"
#include "sinkscope/trials/measured.h"
#include "sinkscope/trials/selection_split.h"

namespace sinkscope::trials {

/// Why there is nothing to edit where no layer has a sink; `remedy` is what would help.
std::string no_sink(const char* remedy = "--layer names one to read at all the same");

/// What an experiment runs its trials with: finds the sink, measures trials over all samples, with a journal beside
/// --out so that a run that was killed goes on, and writes the result.
class Runner {
 public:
  Runner(app::Run&, const Options&, Design);

  /// Loads the weights and finds the sink. False after a dry run.
  bool start();

  const SinkBaseline& baseline() const { return baseline_; }
  int64_t sink_layer() const { return setting_->sink_layer; }
  const Keys& keys() const { return setting_->keys; }
  app::Run& run() { return run_; }
  const Options& options() const { return options_; }
  const Outcome& unedited() const { return unedited_; }

  /// Throws InputError where no layer has a sink and none was named.
  void require_sink() const;

  /// Throws InputError for trials that the model, the samples or this run cannot make, or whose edits nothing would
  /// see; reads no weight.
  void check(const std::vector<intervene::Trial>& list) const { trials::check(list, design_, options_, run_); }

  /// Of --shard: its trials are measured and left in its journal, and there is no result.
  bool is_part() const { return shard_.count > 1; }

  /// In the trials' order; of a design that splits, NaN in the samples that choose. None of a part.
  std::vector<Measured> measure(const std::vector<intervene::Trial>&);

  /// The sink and the massive activation alone, at once and without controls, to choose by: NaN in the samples that
  /// test.
  Outcome probe(const intervene::Trial&);
  /// The unedited run, likewise.
  Outcome unedited_probe();

  /// Rows of runs without edits; want them, gather, read.
  SourceActivations& sources() { return sources_; }
  void gather() { sources_.gather(run_); }
  /// Indices of the samples that choose, and of those that test; all of them both where the design does not split.
  const at::Tensor& choosing() const { return split_.choosing; }
  const at::Tensor& testing() const { return split_.testing; }

  const measure::Bootstrap& bootstrap() const { return bootstrap_; }
  /// By kind of first token.
  const std::map<std::string, measure::Bootstrap>& by_first_token() const { return by_first_token_; }

  /// Writes the result and deletes the journal.
  void finish(const nlohmann::json& metrics, nlohmann::json results);

 private:
  double expected_passes(int64_t sink_layer) const;
  int64_t likely_sink_layer();
  JournaledPasses& passes();
  /// The shard's share.
  std::vector<intervene::Trial> own(const std::vector<intervene::Trial>&) const;
  Outcome only(Outcome, const at::Tensor& other) const;

  app::Run& run_;
  const Options& options_;
  Design design_;
  SinkBaseline baseline_;
  SourceActivations sources_;
  measure::Bootstrap bootstrap_;
  std::map<std::string, measure::Bootstrap> by_first_token_;
  std::unique_ptr<Setting> setting_;
  std::unique_ptr<JournaledPasses> passes_;
  SelectionSplit split_;
  app::Shard shard_;
  Outcome unedited_;
};

}  // namespace sinkscope::trials
