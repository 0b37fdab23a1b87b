#include "sinkscope/app/run.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "sinkscope/app/config_file.h"
#include "sinkscope/app/progress.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"

namespace sinkscope::app {

Run::Run(const RunOptions& options, const CLI::App& command, const MakeSamples& make)
    : writer_(command.get_name(), resolved_options(command), options),
      inputs_(options, given_options(command), make),
      opened_(std::chrono::steady_clock::now()) {
  for (const auto& warning : inputs_.checkpoint().warnings()) warn(fmt::format("--model: {}", warning));
  for (const auto& warning : inputs_.samples().warnings) warn(fmt::format("--text: {}", warning));
  if (model::is_float8(inputs_.dtype())) {
    warn("--dtype fp8: weights and inputs of the blocks' products are rounded to float8; every number is approximate");
  }
  if (!options.quiet) fmt::print(stderr, "{}: {}\n", writer_.experiment(), inputs_.summary());
}

bool Run::start_tokens(int64_t tokens) {
  if (options().dry_run) {
    fmt::print("{}", app::expect(inputs_.plan(tokens)).text);
    return false;
  }
  if (options().out.empty()) throw InputError("--out is required: the file for the result");
  load(tokens);
  return true;
}

void Run::load(int64_t tokens) {
  session_ = Session::load(inputs_, writer_.experiment(), tokens);
}

void Run::say_cost(double passes) {
  if (options().quiet) return;
  const auto tokens = static_cast<int64_t>(passes * static_cast<double>(inputs_.tokens()));
  const auto expected = app::expect(inputs_.plan(tokens));
  session_->say(
      fmt::format("{}: about {:.0f} passes over {} samples of up to {} tokens, {:.2g} tokens in all: {} on {}",
                  writer_.experiment(), passes, inputs_.samples().ids.size(), inputs_.batches().longest,
                  static_cast<double>(tokens), spell_duration(expected.seconds), model::device_name(inputs_.device())));
}

Timing Run::timing() const {
  if (session_) return session_->timing();
  return {.run_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_).count()};
}

void Run::finish(const nlohmann::json& metrics, const nlohmann::json& results, const nlohmann::json& more) {
  if (session_) session_->end_progress();
  writer_.write(provenance(), metrics, results, more);
}

}  // namespace sinkscope::app
