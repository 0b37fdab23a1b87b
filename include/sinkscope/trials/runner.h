#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/measure/bootstrap.h"
#include "sinkscope/trials/cost.h"
#include "sinkscope/trials/design.h"
#include "sinkscope/trials/journaled_passes.h"
#include "sinkscope/trials/measured.h"
#include "sinkscope/trials/selection_split.h"
#include "sinkscope/trials/sharing.h"
#include "sinkscope/trials/strata.h"

namespace sinkscope::trials {

/// Why there is nothing to edit where no layer has a sink; `remedy` is what would help.
std::string no_sink(const char* remedy = "--layer names one to read at all the same");

/// What an experiment runs its trials with: finds the sink, measures trials over all samples, with a journal beside
/// --out so that a run that was killed goes on, and writes the result.
class Runner {
 public:
  Runner(app::Run&, const Options&, Design);

  /// Loads the weights and finds the sink. False after a dry run, and of a shard other than 0, which by then has done
  /// its share.
  bool start();

  const SinkBaseline& baseline() const { return baseline_; }
  int64_t sink_layer() const { return setting_->sink_layer; }
  const std::optional<measure::MassiveActivation>& massive_activation() const { return setting_->massive_activation; }
  const Keys& keys() const { return setting_->keys; }
  app::Run& run() { return run_; }
  const Options& options() const { return options_; }
  const Outcome& unedited() const { return unedited_; }

  /// From now on trials read this stage of the sink, by its place in baseline().stages, and have a journal of their
  /// own.
  void turn_to(size_t stage);
  /// Where what the stage rests on can first be: 0, or the layer in which the stage before is read.
  int64_t first_layer() const { return stage_ == 0 ? 0 : baseline_.stages[stage_ - 1].layer; }

  /// Throws InputError where no layer has a sink and none was named.
  void require_sink() const;

  /// Throws InputError for trials that the model, the samples or this run cannot make, or whose edits nothing would
  /// see; reads no weight.
  void check(const std::vector<intervene::Trial>& list) const { trials::check(list, design_, options_, run_); }

  /// In the trials' order; of a design that splits, NaN in the samples that choose. Other shards do their share.
  std::vector<Measured> measure(const std::vector<intervene::Trial>&);

  /// The sink and the massive activation alone, at once and without controls, to choose by: a row each of choosing().
  Outcome probe(const intervene::Trial&);
  /// The unedited run, likewise.
  Outcome unedited_probe();

  /// [testing, tracked, D] float32 on the run's device: rows of a site that the trials' edits come before, under each
  /// of them. For what is asked of few: they are in no journal, and no other shard makes them.
  std::vector<at::Tensor> rows(const std::vector<intervene::Trial>&, const model::Site&);

  /// Rows of runs without edits; want them, gather, read.
  SourceActivations& sources() { return sources_; }
  void gather() { sources_.gather(run_); }
  /// Indices of the samples that choose, and of those that test; all of them both where the design does not split.
  const at::Tensor& choosing() const { return split_.choosing; }
  const at::Tensor& testing() const { return split_.testing; }

  const measure::Bootstrap& bootstrap() const { return bootstrap_; }
  const Strata& by_first_token() const { return by_first_token_; }
  /// Empty where there is one text.
  const Strata& by_text() const { return by_text_; }

  /// Ends it without a result: the other shards are told, and whoever writes one later deletes these journals.
  std::vector<std::filesystem::path> close();

  /// Writes the result and deletes the journals.
  void finish(const nlohmann::json& metrics, nlohmann::json results);

 private:
  double expected_passes(const std::vector<SinkStage>&, int64_t after = 0) const;
  double expected_of(const SinkStage&, int64_t after) const;
  double expected_after() const;
  std::vector<SinkStage> asked_stages(const SinkBaseline&) const;
  std::vector<SinkStage> likely_stages();
  Cost cost(int64_t sink_layer, int64_t last_layer) const;
  int64_t last_layer(const SinkStage&) const;
  JournaledPasses& passes(Depth);
  std::vector<std::filesystem::path> journals() const;
  const nlohmann::json& header();
  void help();
  void complete_own(const std::vector<intervene::Trial>&);
  /// Of the samples that test, with NaN in the others' rows.
  Outcome of_all(Outcome) const;

  app::Run& run_;
  const Options& options_;
  Design design_;
  SinkBaseline baseline_;
  SourceActivations sources_;
  measure::Bootstrap bootstrap_;
  Strata by_first_token_, by_text_;
  std::unique_ptr<Setting> setting_;
  std::unique_ptr<JournaledPasses> passes_, probes_;
  std::vector<std::unique_ptr<JournaledPasses>> earlier_;  // of the stages before
  nlohmann::json header_;                                  // made once: it hashes files
  size_t stage_ = 0;
  SelectionSplit split_;
  Sharing sharing_;
  Outcome unedited_;
};

}  // namespace sinkscope::trials
