#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sinkscope/app/plan.h"
#include "sinkscope/app/progress.h"
#include "sinkscope/app/run_options.h"
#include "sinkscope/model/model.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/tokenizer.h"

namespace CLI {
class App;
}

namespace sinkscope::app {

/// Some samples of the run, padded on the right with id 0 to the run's longest; causality keeps the padding harmless.
struct Batch {
  at::Tensor ids;                ///< [n, T] int64 on the CPU
  int64_t first = 0, n = 0;      ///< samples [first, first + n)
  std::vector<int64_t> lengths;  ///< of its samples
};

/// An experiment's own samples, of a model and its tokenizer (null where it has none).
using MakeSamples = std::function<text::Samples(const model::Config&, const text::Tokenizer*)>;

/// One experiment's run from opened checkpoint to written result. Constructing it reads everything but the weights.
class Run {
 public:
  /// `command` is the parsed subcommand; its options become the result's config. The samples are those of --text or
  /// --tokens, or what `make` gives.
  Run(const RunOptions&, const CLI::App& command, const MakeSamples& make = {});

  /// Loads the weights, for `passes` forward passes over all samples. False after a dry run has printed its plan.
  bool start(int64_t passes);

  /// The same by tokens.
  bool start_tokens(int64_t tokens);

  /// After a dry run: the seconds that its plan expects.
  double expected_seconds() const { return expected_seconds_; }

  const model::Config& config() const { return checkpoint_.config(); }
  const model::Model& model() const { return *model_; }
  const RunOptions& options() const { return options_; }
  at::Device device() const { return device_; }
  const text::Samples& samples() const { return samples_; }
  /// Null where the checkpoint has no tokenizer.
  const text::Tokenizer* tokenizer() const { return tokenizer_ ? &*tokenizer_ : nullptr; }
  const std::vector<int64_t>& lengths() const { return lengths_; }
  int64_t longest() const { return longest_; }
  const std::vector<Batch>& batches() const { return batches_; }
  int64_t batch_size() const { return batch_size_; }
  const at::Tensor& all_ids() const { return all_ids_; }  ///< [samples, T] int64, padded with 0
  const std::filesystem::path& model_dir() const { return checkpoint_.dir(); }

  /// One pass: counts tokens, shows progress, throws Interrupted between passes when a signal has come.
  void forward(const Batch&, model::Taps&);
  void forward(const at::Tensor& ids, model::Taps&);

  /// The rest of a pass from a place that an earlier one kept; counts as tokens by its share of the layers.
  void resume(const model::Start&, model::Taps&);

  /// From now on passes do not look for signals; the experiment calls check_interrupt where it may end.
  void hold_interrupts() { holds_interrupts_ = true; }

  void warn(const std::string& warning);

  /// Words behind the progress, such as "ids 128 of 2048".
  void note(std::string words);

  /// Writes the result under --out with everything that it was made from; `more` holds further sections.
  void finish(const nlohmann::json& metrics, const nlohmann::json& results, const nlohmann::json& more = nullptr);

  /// The result's sections other than metrics, results and warnings.
  nlohmann::json provenance() const;

 private:
  text::Samples read_samples() const;
  text::Samples read_samples(int64_t length) const;
  std::optional<int64_t> bos() const;
  void count(int64_t tokens);
  void make_batches();
  Plan plan(int64_t tokens) const;

  RunOptions options_;
  std::string experiment_;
  nlohmann::json resolved_;
  mutable nlohmann::json model_description_;  // made once: it hashes the weights
  std::set<std::string> given_;               // options that the command line or the config file set
  model::Checkpoint checkpoint_;
  std::optional<text::Tokenizer> tokenizer_;
  text::Samples samples_;
  std::vector<int64_t> lengths_;
  int64_t longest_ = 0, batch_size_ = 0, tokens_run_ = 0;
  bool holds_interrupts_ = false;
  at::Tensor all_ids_;
  std::vector<Batch> batches_;
  at::Device device_;
  at::ScalarType dtype_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<Progress> progress_;
  std::vector<std::string> warnings_;
  std::string started_;
  double load_seconds_ = 0, first_pass_seconds_ = 0, expected_seconds_ = 0;
  std::chrono::steady_clock::time_point run_start_;
};

}  // namespace sinkscope::app
