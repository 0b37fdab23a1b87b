#pragma once

#include <map>
#include <string>
#include <vector>

#include "facts.h"
#include "options.h"
#include "outcome.h"
#include "rows.h"
#include "sinkscope/intervene/trial.h"
#include "sinkscope/model/kept.h"

namespace sinkscope::experiments::trials {

/// How much is read of a trial.
enum class Detail {
  sink,  ///< attention at the sink layer and the spike, nothing after
  full,  ///< every outcome, with the controls
};

/// What every pass of a run of trials shares.
struct Setting {
  app::Run& run;
  const Options& options;
  const Facts& facts;
  Keys keys;
  int64_t sink_layer;
  std::vector<int64_t> resample_from;  ///< another sample of another document, one a sample; empty: there is none
  at::Tensor mean_over;                ///< [samples] bool: whose rows means are taken over
};

/// Where the trial first differs from the unedited run.
model::Site start_of(const intervene::Trial&, const model::Config&);

/// The trials of one batch, from what its unedited pass kept.
class BatchTrials {
 public:
  /// Runs the unedited pass, which keeps the starts of all these trials.
  BatchTrials(const Setting&, const app::Batch&, const std::vector<intervene::Trial>&);

  const Outcome& unedited() const { return unedited_; }
  Outcome run(const intervene::Trial&, const Rows&, Detail);

 private:
  using Adjusts = std::vector<intervene::Adjust>;  // one an edit, or empty

  Outcome pass(const intervene::Trial&, const Rows&, Detail, const Adjusts&, bool frozen = false);
  void attach_edits(model::Taps&, const intervene::Trial&, const Rows&, const Adjusts&) const;
  void freeze_norms(model::Taps&, const model::Site& start);
  at::Tensor source_of(const intervene::Edit&, const Rows&) const;
  at::Tensor random_controls(const intervene::Trial&, const Rows&);
  at::Tensor moved(const intervene::Trial&, const Rows&);
  at::Tensor outside(const intervene::Trial&, const Rows&);
  double no_op(const intervene::Trial&, const Rows&);

  const Setting& setting_;
  const app::Batch& batch_;
  model::Kept kept_;
  std::map<std::pair<int64_t, bool>, at::Tensor> scales_;  // of the unedited run: layer, of the MLP -> rms [n, T, 1]
  std::map<std::string, double> no_ops_;                   // by where the edits stand
  std::map<std::string, std::pair<at::Tensor, at::Tensor>> ranges_;
  Outcome unedited_;
};

}  // namespace sinkscope::experiments::trials
