#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "sinkscope/app/batches.h"
#include "sinkscope/app/inputs.h"
#include "sinkscope/app/progress.h"
#include "sinkscope/model/model.h"

namespace sinkscope::app {

/// Where a run's time went.
struct Timing {
  double load_s = 0, first_pass_s = 0;
  double run_s = 0;    ///< without loading
  int64_t tokens = 0;  ///< of all passes, each by the share of the layers that it ran; logits count as logits_in_layers
};

/// The memory ran out: says in one line where, and what would take less.
class OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A loaded model and the passes through it: counts their tokens, shows progress, and ends between two passes when a
/// signal has come.
class Session {
 public:
  /// Of a model that is there; `name` and `tokens` (of the whole run) are what progress shows.
  Session(model::Model, const std::string& name, int64_t tokens, bool quiet);

  /// Loads the weights first.
  static Session load(const Inputs&, const std::string& name, int64_t tokens);

  const model::Model& model() const { return model_; }

  /// Throws Interrupted before the pass where a signal has arrived, OutOfMemory where the pass found no memory.
  void forward(const at::Tensor& ids, model::Taps&);
  void forward(const Batch& batch, model::Taps& taps) { forward(batch.ids, taps); }

  /// The rest of a pass from a place that an earlier one kept.
  void resume(const model::Start&, model::Taps&);

  /// From now on passes do not look for signals; the experiment calls check_interrupt where it may end.
  void hold_interrupts() { holds_interrupts_ = true; }

  /// Words behind the progress, such as "ids 128 of 2048".
  void note(std::string words) {
    if (progress_) progress_->note(std::move(words));
  }

  /// A line above the progress.
  void say(const std::string& line) {
    if (progress_) progress_->say(line);
  }

  /// What is left from here on, for the progress: better known than when the run began.
  void expect(int64_t tokens) {
    if (progress_) progress_->expect(tokens);
  }

  /// No progress is shown from here on.
  void end_progress() { progress_.reset(); }

  Timing timing() const;

 private:
  using Clock = std::chrono::steady_clock;
  void count(int64_t tokens, int64_t first_layer, const model::Taps&);

  model::Model model_;
  std::unique_ptr<Progress> progress_;
  Clock::time_point start_;
  double load_seconds_ = 0, first_pass_seconds_ = 0;
  int64_t tokens_ = 0;
  bool holds_interrupts_ = false;
};

}  // namespace sinkscope::app
