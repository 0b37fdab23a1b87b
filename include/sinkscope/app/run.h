#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/app/inputs.h"
#include "sinkscope/app/session.h"
#include "sinkscope/app/writer.h"

namespace CLI {
class App;
}

namespace sinkscope::app {

/// One experiment's run from opened checkpoint to written result: its inputs, the session of its model, and the writer
/// of its result. Constructing it reads everything but the weights.
class Run {
 public:
  /// `command` is the parsed subcommand; its options become the result's config. The samples are those of --text or
  /// --tokens, or what `make` gives.
  Run(const RunOptions&, const CLI::App& command, const MakeSamples& make = {});

  /// Loads the weights, for `passes` forward passes over all samples. False after a dry run has printed its plan.
  bool start(int64_t passes) { return start_tokens(passes * inputs_.tokens()); }

  /// The same by tokens.
  bool start_tokens(int64_t tokens);

  /// Loads the weights alone, for a dry run that has to look at the model.
  void load(int64_t tokens);

  /// Passes over all samples that are left from here on, for the progress.
  void expect(double passes) { session_->expect(static_cast<int64_t>(passes * static_cast<double>(inputs_.tokens()))); }

  /// Says on stderr what these passes will take, in tokens and time. The time is that of one random block, as in a dry
  /// run.
  void say_cost(double passes);

  const Inputs& inputs() const { return inputs_; }
  const RunOptions& options() const { return inputs_.options(); }
  const model::Config& config() const { return inputs_.config(); }
  at::Device device() const { return inputs_.device(); }
  const std::filesystem::path& model_dir() const { return inputs_.checkpoint().dir(); }
  const text::Tokenizer* tokenizer() const { return inputs_.tokenizer(); }
  const text::Samples& samples() const { return inputs_.samples(); }
  const std::vector<int64_t>& lengths() const { return inputs_.batches().lengths; }
  int64_t longest() const { return inputs_.batches().longest; }
  const std::vector<Batch>& batches() const { return inputs_.batches().list; }
  int64_t batch_size() const { return inputs_.batches().batch_size; }
  const at::Tensor& all_ids() const { return inputs_.batches().ids; }

  /// Once the run has started.
  Session& session() { return *session_; }
  const model::Model& model() const { return session_->model(); }
  void forward(const Batch& batch, model::Taps& taps) { session_->forward(batch, taps); }
  void forward(const at::Tensor& ids, model::Taps& taps) { session_->forward(ids, taps); }
  void resume(const model::Start& start, model::Taps& taps) { session_->resume(start, taps); }
  void note(std::string words) { session_->note(std::move(words)); }
  void hold_interrupts() { session_->hold_interrupts(); }

  void warn(const std::string& warning) { writer_.warn(warning); }

  /// Writes the result under --out with everything that it was made from; `more` holds further sections.
  void finish(const nlohmann::json& metrics, const nlohmann::json& results, const nlohmann::json& more = nullptr);

  /// The result's sections other than metrics, results and warnings.
  nlohmann::json provenance() const { return writer_.provenance(inputs_, timing()); }

 private:
  Timing timing() const;

  Writer writer_;
  Inputs inputs_;
  std::optional<Session> session_;
  std::chrono::steady_clock::time_point opened_;
};

}  // namespace sinkscope::app
