// hooks: every place where a run can read or change a tensor, with its shape.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "commands/command.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/points.h"

namespace sinkscope::commands {
namespace {

struct Options {
  std::string model, revision;
};

/// "n T H h" and, where a model is given, its sizes.
std::string spell_shape(const model::PointInfo& point, const model::Config* config) {
  std::string letters;
  for (const char axis : point.shape) letters += fmt::format("{}{}", letters.empty() ? "" : " ", axis);
  if (!config) return letters;
  std::string sizes;
  const auto shape = model::shape_at({point.point, 0}, *config, 0, 0);
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool free = point.shape[i] == 'n' || point.shape[i] == 'T';
    sizes += (i ? " " : "") + (free ? std::string(1, point.shape[i]) : fmt::format("{}", shape[i]));
  }
  return sizes;
}

void run(const Options& o) {
  std::unique_ptr<model::Config> config;
  if (!o.model.empty()) {
    config =
        std::make_unique<model::Config>(model::read_config(model::resolve_model(o.model, o.revision) / "config.json"));
  }
  fmt::print("{:<34} {:<18} {}\n", "hook point", "shape", "what");
  for (const auto& point : config ? model::points(*config) : model::points()) {
    const auto name = model::in_block(point.point) ? fmt::format("blocks.L.{}", point.name) : std::string(point.name);
    fmt::print("{:<34} {:<18} {}\n", name, spell_shape(point, config.get()), point.what);
  }
  if (config)
    fmt::print("L is 0 to {}; n samples, T tokens\n", config->n_layers - 1);
  else
    fmt::print("n samples, T tokens, d model, H query and K key heads, h head width, m neurons, V vocabulary\n");
}

}  // namespace

Command hooks() {
  return {"hooks", "list the hook points, where a run can read or change a tensor, with their shapes",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("--model", o->model, "print this model's sizes instead of letters");
            app.add_option("--revision", o->revision, "branch, tag or commit of a Hugging Face id");
            app.callback([o] { run(*o); });
          },
          kModel};
}

}  // namespace sinkscope::commands
