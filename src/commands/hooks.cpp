// hooks: every place where a run can read or change a tensor, with its shape.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/app/table.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/points.h"

namespace sinkscope::commands {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string model, revision;
  bool json = false;
};

/// Letters, and where a model is given its sizes in place of all but n and T.
ordered_json shape_of(const model::PointInfo& point, const std::optional<model::Config>& config) {
  auto axes = ordered_json::array();
  for (const char axis : point.shape) {
    const bool is_free = !config || axis == 'n' || axis == 'T';
    axes.push_back(is_free ? ordered_json(std::string(1, axis)) : ordered_json(model::size_of(axis, *config)));
  }
  return axes;
}

ordered_json describe(const std::optional<model::Config>& config) {
  auto list = ordered_json::array();
  for (const auto& point : config ? model::points(*config) : model::points()) {
    const bool in_block = model::in_block(point.point);
    list.push_back({{"name", (in_block ? "blocks.L." : "") + std::string(point.name)},
                    {"in_block", in_block},
                    {"shape", shape_of(point, config)},
                    {"what", point.what}});
  }
  return {{"n_layers", config ? ordered_json(config->n_layers) : ordered_json()}, {"hook_points", list}};
}

/// "n T 64"
std::string spell_shape(const ordered_json& axes) {
  std::vector<std::string> words;
  for (const auto& axis : axes) words.push_back(axis.is_string() ? axis.get<std::string>() : axis.dump());
  return fmt::format("{}", fmt::join(words, " "));
}

void print_table(const ordered_json& described) {
  const auto terminal = app::terminal_of(stdout);
  app::Table table({app::Align::left, app::Align::left, app::Align::left});
  table.heading({"hook point", "shape", "what"});
  for (const auto& point : described.at("hook_points"))
    table.add({{point.at("name")}, {spell_shape(point.at("shape"))}, {point.at("what")}});
  fmt::print("{}", table.text(terminal));
  const auto& layers = described.at("n_layers");
  const auto letters =
      layers.is_null() ? "n samples, T tokens, d model, H query and K key heads, h head width, m neurons, V vocabulary"
                       : fmt::format("L is 0 to {}; n samples, T tokens", layers.get<int64_t>() - 1);
  for (const auto& line : app::wrapped(letters, terminal.width)) fmt::print("{}\n", line);
}

void run(const Options& o) {
  std::optional<model::Config> config;
  if (!o.model.empty()) config = model::read_config(model::resolve_model(o.model, o.revision) / "config.json");
  const auto described = describe(config);
  if (o.json)
    app::print_json(described);
  else
    print_table(described);
}

}  // namespace

Command hooks() {
  return {
      "hooks", "list the hook points, where a run can read or change a tensor, with their shapes",
      [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        app.add_option("--model", o->model, "print this model's sizes instead of letters")->type_name(app::kModelType);
        app.add_option("--revision", o->revision, "branch, tag or commit of a Hugging Face id");
        app.add_flag("--json", o->json, "print one JSON document");
        app.callback([o] { run(*o); });
      },
      kModel};
}

}  // namespace sinkscope::commands
