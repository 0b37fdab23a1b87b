#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "pass.h"
#include "sinkscope/measure/bootstrap.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::trials {

/// What a run of trials is made of, known before any weight is read.
struct Design {
  std::vector<int64_t> tracked = {0};  ///< tokens whose attention is compared, token 0 first
  std::vector<int64_t> edited = {};    ///< tokens that trials will edit or take rows from
  intervene::Runs runs = {};           ///< conditions that can be copied from
  bool wants_other_documents = false;  ///< some trial resamples
  double trials = 0;                   ///< expected, with their controls, for plan and progress
};

/// Runs trials over all samples, each batch from kept tensors, with a journal beside --out so that a run that was
/// killed goes on.
class Runner {
 public:
  Runner(app::Run&, const Options&, Design);
  ~Runner();

  /// Loads the weights and finds the sink. False after a dry run.
  bool start();

  const Facts& facts() const { return facts_; }
  int64_t sink_layer() const { return setting_->sink_layer; }
  const Keys& keys() const { return setting_->keys; }
  app::Run& run() { return run_; }
  const Options& options() const { return options_; }
  const Outcome& unedited() const { return unedited_; }

  /// Throws InputError for trials that the model, the samples or this run cannot make, or whose edits nothing would
  /// see; reads no weight.
  void check(const std::vector<intervene::Trial>&) const;

  /// Outcomes in the trials' order.
  std::vector<Outcome> measure(const std::vector<intervene::Trial>&);

  const measure::Bootstrap& bootstrap() const { return bootstrap_; }
  /// The same over the samples of one kind of first token: ordinary, whitespace, special, or repeated (token 1 is the
  /// same id).
  const std::map<std::string, measure::Bootstrap>& by_first_token() const { return by_first_token_; }

  /// Writes the result and deletes the journal.
  void finish(const nlohmann::json& metrics, nlohmann::json results);

 private:
  void open_journal();
  void want_rows(const std::vector<intervene::Trial>&);
  std::vector<intervene::Trial> missing(const std::vector<intervene::Trial>&, int64_t batch) const;
  void record(const intervene::Trial&, int64_t batch, const Outcome&);
  Outcome recorded(const intervene::Trial&) const;
  std::vector<int64_t> draw_other_documents() const;

  app::Run& run_;
  const Options& options_;
  Design design_;
  Facts facts_;
  Rows rows_;
  measure::Bootstrap bootstrap_;
  std::map<std::string, measure::Bootstrap> by_first_token_;
  std::unique_ptr<Setting> setting_;
  std::unique_ptr<result::Journal> journal_;
  std::map<std::string, int64_t> units_;  // records of the journal by trial and batch
  Outcome unedited_;
};

/// Definitions for a result's `metrics`.
nlohmann::json metrics(const Options&, const Keys&);

}  // namespace sinkscope::experiments::trials
