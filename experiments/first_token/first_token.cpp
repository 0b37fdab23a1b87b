// first-token: every id alone. Token 0 sees only itself, so one token tells its whole way through the model, exactly.

#include <ATen/ATen.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "experiments/first_token/summary.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/run.h"
#include "sinkscope/app/vocabulary_ids.h"
#include "sinkscope/measure/first_token.h"
#include "sinkscope/model/safetensors.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  app::RunOptions run;
  app::IdChoice ids;
};

constexpr int64_t kMostBytes = int64_t{1} << 31;

/// Cosines need the mean key, which is known after a pass. Keys that would take more memory than this are made again.
bool keeps_keys(const app::Run& r, const std::vector<int64_t>& ids) {
  return measure::FirstTokenKeys::bytes(r.config(), static_cast<int64_t>(ids.size())) <= kMostBytes;
}

Atlas sweep(app::Run& r, std::vector<int64_t> ids) {
  const auto over_ids = [&](const auto& attach) {
    for (const auto& batch : r.batches()) {
      model::Taps taps(r.config());
      attach(taps);
      r.forward(batch, taps);
    }
  };
  const bool keeps = keeps_keys(r, ids);
  measure::FirstTokenPath path(r.config());
  measure::FirstTokenKeys keys(r.config());
  over_ids([&](model::Taps& taps) {
    path.attach(taps);
    if (keeps) keys.attach(taps);
  });
  measure::KeyCosine cosine(path.mean_key());
  if (keeps)
    cosine.add(keys);
  else
    over_ids([&](model::Taps& taps) { cosine.attach(taps); });
  return {.ids = std::move(ids),
          .norm = path.norm(),
          .max_abs = path.max_abs(),
          .max_dimension = path.max_dimension(),
          .key_norm = path.key_norm(),
          .value_norm = path.value_norm(),
          .key_cosine = cosine.cosine(),
          .mean = path.mean(),
          .mean_abs = path.mean_abs(),
          .mean_square = path.mean_square()};
}

/// Writes the arrays of one value per id and layer beside the result; gives where each is.
json write_sidecar(const Atlas& atlas, const std::filesystem::path& out) {
  const auto file = std::filesystem::path(out).replace_extension(".safetensors");
  const std::vector<std::pair<std::string, at::Tensor>> tensors = {
      {"norm", atlas.norm},         {"max_abs", atlas.max_abs},       {"max_dimension", atlas.max_dimension},
      {"key_norm", atlas.key_norm}, {"value_norm", atlas.value_norm}, {"key_cosine", atlas.key_cosine}};
  model::write_safetensors(file, tensors, {{"result", out.filename().string()}});
  json places;
  for (const auto& [name, tensor] : tensors) places[name] = {{"file", file.filename().string()}, {"tensor", name}};
  return places;
}

void run(const Options& o, const CLI::App& command) {
  app::refuse_standard_output(o.run.out, "arrays are written to a .safetensors file beside the result");
  std::vector<int64_t> ids;
  app::Run r(o.run, command, [&](const model::Config& config, const text::Tokenizer* tokenizer) {
    ids = app::vocabulary_ids({o.ids.list, o.ids.unused_rows, o.run.seed}, config, tokenizer);
    return text::vocabulary(ids);
  });
  if (!r.start(keeps_keys(r, ids) ? 1 : 2)) return;
  const auto atlas = sweep(r, ids);
  auto results = summarize_atlas(atlas, r.tokenizer());
  results["by_id_layer"] = write_sidecar(atlas, o.run.out);
  r.finish(atlas_metric_definitions(), results);
}

}  // namespace

commands::Command first_token() {
  return {"first-token", "what does every id become when it is the first token, and which get no massive activation?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options_without_samples(app, o->run);
            app.add_option("--ids", o->ids.list, app::kIdsHelp)->capture_default_str();
            app.add_option("--seed", o->run.seed, "seed of the ids' draw")->capture_default_str();
            app.add_flag("--unused-rows", o->ids.unused_rows, "also embedding rows that no token has");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kFollows};
}

}  // namespace sinkscope::experiments
