#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "sinkscope/app/batches.h"
#include "sinkscope/app/plan.h"
#include "sinkscope/app/run_options.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::app {

/// An experiment's own samples, of a model and its tokenizer (null where it has none).
using MakeSamples = std::function<text::Samples(const model::Config&, const text::Tokenizer*)>;

/// Everything that a run reads but the weights, and where and in which type it computes.
class Inputs {
 public:
  /// `given`: the options that the command line or the config file set; of a token file, --samples and --length only
  /// cut where they are given. The samples are those of --text or --tokens, or what `make` gives.
  Inputs(const RunOptions&, const std::set<std::string>& given, const MakeSamples& make = {});

  const RunOptions& options() const { return options_; }
  const model::Checkpoint& checkpoint() const { return checkpoint_; }
  const model::Config& config() const { return checkpoint_.config(); }
  at::Device device() const { return device_; }
  at::ScalarType dtype() const { return dtype_; }
  /// Null where the checkpoint has no tokenizer.
  const text::Tokenizer* tokenizer() const { return tokenizer_ ? &*tokenizer_ : nullptr; }
  const text::Samples& samples() const { return samples_; }
  const Batches& batches() const { return batches_; }

  /// Of one pass over all samples, padding included.
  int64_t tokens() const { return batches_.longest * static_cast<int64_t>(samples_.ids.size()); }

  /// Of a run of so many tokens.
  Plan plan(int64_t tokens) const;

  /// "models/demo (4 layers, 0.01 G parameters), 32 samples of up to 512 tokens, float32 on cpu"
  std::string summary() const;

 private:
  int64_t choose_batch_size() const;

  RunOptions options_;
  model::Checkpoint checkpoint_;
  at::Device device_;
  at::ScalarType dtype_;
  std::optional<text::Tokenizer> tokenizer_;
  text::Samples samples_;
  Batches batches_;
};

}  // namespace sinkscope::app
