#pragma once

#include <map>
#include <string>
#include <vector>

#include "sinkscope/intervene/trial.h"
#include "sinkscope/model/pass_cache.h"
#include "sinkscope/trials/part.h"
#include "sinkscope/trials/reading.h"
#include "sinkscope/trials/source_activations.h"

namespace sinkscope::trials {

/// Where the trial first differs from the unedited run.
model::Site start_of(const intervene::Trial&, const model::Config&);

/// Where its edits are made, in words: trials of one place share a no-op.
std::string place_of(const intervene::Trial&);

/// The trial's edits under the model's own attention, whose path the no-op goes.
intervene::Trial without_conditions(intervene::Trial);

/// The trials of one batch, from what its unedited pass kept.
class BatchTrials {
 public:
  /// Runs the unedited pass, which keeps the starts of all these trials.
  BatchTrials(const Setting&, const Part&, const std::vector<intervene::Trial>&);

  const Outcome& unedited() const { return unedited_; }
  /// Whether the starts of these trials are kept.
  bool keeps(const std::vector<intervene::Trial>&) const;
  /// Every outcome, with the controls.
  Outcome run(const intervene::Trial&, const SourceActivations&);
  /// The sink and the massive activation alone, without controls.
  Outcome probe(const intervene::Trial&, const SourceActivations&) const;
  /// [n, tracked, D] float32 of a site that the trial's edits come before.
  at::Tensor rows(const intervene::Trial&, const SourceActivations&, const model::Site&) const;

 private:
  using Adjusts = std::vector<intervene::Adjust>;  // one an edit, or empty

  enum class Norms { free, frozen };

  Outcome run_unedited();
  Outcome pass(const intervene::Trial&, const SourceActivations&, Detail, const Adjusts& = {},
               Norms = Norms::free) const;
  Outcome pass_from(const model::Start&, const intervene::Trial&, const SourceActivations&, Detail, const Adjusts&,
                    Norms) const;
  /// Where the trial's edits begin, under its attention condition.
  model::Start start_of_edits(const intervene::Trial&) const;
  void attach_edits(model::Taps&, const Reading&, const intervene::Trial&, const SourceActivations&,
                    const Adjusts&) const;
  void keep_scales(model::Taps&);
  void freeze_norms(model::Taps&, const model::Site& start) const;
  /// SourceActivations of these samples that the edit takes values from; undefined where it takes none.
  at::Tensor source_of(const intervene::Edit&, const SourceActivations&, const at::Tensor& samples) const;
  bool reads_sink(const intervene::Trial&) const;
  bool scales_freeze(const intervene::Trial&) const;
  at::Tensor random_controls(const intervene::Trial&, const SourceActivations&) const;
  at::Tensor moved(const intervene::Trial&, const SourceActivations&) const;
  at::Tensor outside(const intervene::Trial&, const SourceActivations&) const;
  double no_op(const intervene::Trial&, const SourceActivations&);

  const Setting& setting_;
  const app::Batch& batch_;
  at::Tensor samples_;  // [n], which they are
  model::PassCache cache_;
  std::map<model::Site, at::Tensor, model::InOrderOfPass>
      scales_;                            // of the unedited run, where a norm reads it: [n, T, 1]
  std::map<std::string, double> no_ops_;  // by where the edits stand
  Outcome unedited_;
};

}  // namespace sinkscope::trials
