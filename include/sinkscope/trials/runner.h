#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/trials/halves.h"
#include "sinkscope/trials/measured.h"
#include "sinkscope/trials/pass.h"
#include "sinkscope/trials/records.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/measure/bootstrap.h"

namespace sinkscope::trials {

/// What a run of trials is made of, known before any weight is read.
struct Design {
  std::vector<int64_t> tracked = {0};  ///< tokens whose attention is compared, token 0 first
  std::vector<int64_t> edited = {};    ///< tokens that trials will edit or take rows from
  intervene::Runs runs = {};           ///< conditions that can be copied from
  bool wants_other_documents = false;  ///< some trial resamples
  bool halves = false;                 ///< candidates are chosen on half of the documents and tested on the others
  double trials = 0;                   ///< expected, with their controls, for plan and progress
  double probes = 0;                   ///< expected, without
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

  /// Throws InputError where no layer has a sink and none was named.
  void require_sink() const;

  /// Throws InputError for trials that the model, the samples or this run cannot make, or whose edits nothing would
  /// see; reads no weight.
  void check(const std::vector<intervene::Trial>&) const;

  /// Of --shard: its trials are measured and left in its journal, and there is no result.
  bool is_part() const { return shard_.count > 1; }

  /// In the trials' order; of a design with halves, NaN in the half that chooses. None of a part.
  std::vector<Measured> measure(const std::vector<intervene::Trial>&);

  /// The sink and the spike alone, at once and without controls, to choose by: NaN in the half that tests.
  Outcome probe(const intervene::Trial&);
  /// The unedited run, likewise.
  Outcome unedited_probe();

  /// Rows of runs without edits; want them, gather, read.
  Rows& rows() { return rows_; }
  void gather() { rows_.gather(run_); }
  /// Indices of the samples that choose, and of those that test; all of them both without halves.
  const at::Tensor& choosing() const { return halves_.choosing; }
  const at::Tensor& testing() const { return halves_.testing; }

  const measure::Bootstrap& bootstrap() const { return bootstrap_; }
  /// By kind of first token.
  const std::map<std::string, measure::Bootstrap>& by_first_token() const { return by_first_token_; }

  /// Writes the result and deletes the journal.
  void finish(const nlohmann::json& metrics, nlohmann::json results);

 private:
  void open_records();
  void check_lengths(const std::vector<intervene::Trial>&) const;
  /// The shard's share.
  std::vector<intervene::Trial> own(const std::vector<intervene::Trial>&) const;
  void want_rows(const std::vector<intervene::Trial>&, Depth);
  /// Runs what the journal does not have yet.
  void complete(const std::vector<intervene::Trial>&, Depth);
  BatchTrials& batch(int64_t index, const std::vector<intervene::Trial>&);
  std::vector<intervene::Trial> missing(const std::vector<intervene::Trial>&, int64_t batch, Depth) const;
  Outcome half(Outcome, const at::Tensor& other) const;
  std::vector<int64_t> draw_other_documents() const;

  app::Run& run_;
  const Options& options_;
  Design design_;
  Facts facts_;
  Rows rows_;
  measure::Bootstrap bootstrap_;
  std::map<std::string, measure::Bootstrap> by_first_token_;
  std::unique_ptr<Setting> setting_;
  std::unique_ptr<Records> records_;
  Halves halves_;
  app::Shard shard_;
  int64_t held_ = -1;  // batch of which the kept tensors are held
  std::unique_ptr<BatchTrials> batch_;
  std::vector<Outcome> unedited_parts_;  // by batch
  Outcome unedited_;
};

}  // namespace sinkscope::trials
