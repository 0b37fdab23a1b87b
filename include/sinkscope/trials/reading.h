#pragma once

#include <optional>
#include <vector>

#include "sinkscope/measure/attention_to.h"
#include "sinkscope/measure/loss.h"
#include "sinkscope/trials/options.h"
#include "sinkscope/trials/outcome.h"
#include "sinkscope/trials/sink_baseline.h"

namespace sinkscope::trials {

/// How much is read of a pass.
enum class Detail {
  sink,  ///< attention at the sink layer and the massive activation, nothing after: enough for a control
  full,  ///< every outcome
};

/// What every pass of a run of trials shares.
struct Setting {
  app::Run& run;
  const Options& options;
  Keys keys;
  std::vector<int64_t> resample_from;  ///< a sample from another document, one per sample; empty: nothing resamples
  int64_t sink_layer = -1;
  int64_t last_layer = -1;  ///< whose attention is read of whole trials; -1: the model's
  std::optional<measure::MassiveActivation> massive_activation = {};  ///< that the readings are of
  at::Tensor means_over = {};  ///< samples over which the mean operation averages; undefined: all
};

/// The outcomes of one pass over a batch that begins at `start`.
class Reading {
 public:
  Reading(const Setting&, const app::Batch&, Detail, const model::Site& start);

  /// False where the pass begins after everything that a control reads.
  bool sees_attention() const { return !layers_.empty(); }

  /// False for an edit after everything that is read.
  bool sees(const model::Site& edit) const { return loss_ || !model::before({model::Point::pattern, last_}, edit); }

  /// Attaches the reads; must live until the pass is over.
  void attach(model::Taps&);

  /// After the pass. What it did not reach is as in the unedited run; `unedited` is empty for that run itself.
  Outcome outcome(const Outcome& unedited) const;

 private:
  bool reaches(const model::Site& site) const { return !model::before(site, start_); }
  void attach_massive(model::Taps&);
  void attach_written(model::Taps&);
  at::Tensor attention(const Outcome& unedited) const;
  at::Tensor written(const Outcome& unedited) const;

  const Setting& setting_;
  const app::Batch& batch_;
  Detail detail_;
  model::Site start_;
  int64_t last_;                 // layer whose attention is read
  std::vector<int64_t> layers_;  // that the pass reaches, of those whose attention is read
  measure::AttentionTo attention_;
  std::optional<measure::Loss> loss_;
  at::Tensor massive_;               // [n, tracked]
  std::vector<at::Tensor> written_;  // [L] of [n]
};

}  // namespace sinkscope::trials
