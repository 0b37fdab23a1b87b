// compare: published numbers beside a result of the same experiment and model.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/published.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/app/table.h"
#include "sinkscope/error.h"
#include "sinkscope/files/read_json.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::commands {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Options {
  std::string result, reference;
  bool json = false;
  std::string of_reference() const { return reference.empty() ? "the numbers of Qwen3-8B" : reference; }
};

/// Where a run's settings are not the published ones.
ordered_json differing_settings(const json& published, const json& result) {
  auto differing = ordered_json::object();
  const auto compare = [&](const char* name, const json& here) {
    if (!published.contains(name) || published[name] == here) return;
    differing[name] = {{"here", here}, {"published", published[name]}};
  };
  compare("samples", result["data"]["samples"]);
  compare("length", result["data"]["length"]);
  compare("q_min", result["config"].value("q-min", json()));
  return differing;
}

/// The same model by its shape, since folders may be named anything.
void check_model(const json& result, const json& reference, const Options& o) {
  for (const auto& [key, value] : reference.at("shape").items()) {
    if (result.at("model").value(key, json()) != value) {
      throw InputError(fmt::format("{}: expected a model of the shape of {} (from {}), whose {} is {}; found {}",
                                   o.result, reference.at("model").get<std::string>(), o.of_reference(), key,
                                   value.dump(), result["model"].value(key, json()).dump()));
    }
  }
}

/// What is at a path like "/results/sink/0/level"; of a list of objects "name=zero blocks.0.mlp_out" takes the one
/// of that name, "token=8" of that token. Null where there is none.
json at_path(const json& result, const std::string& path) {
  const json* here = &result;
  for (const auto& step : split(path.substr(1), '/')) {
    const auto equals = step.find('=');
    const json* next = nullptr;
    if (here->is_object() && here->contains(step)) {
      next = &here->at(step);
    } else if (here->is_array() && equals != std::string::npos) {
      const auto key = step.substr(0, equals), value = step.substr(equals + 1);
      for (const auto& one : *here) {
        if (!one.is_object() || !one.contains(key)) continue;
        if ((one[key].is_string() ? one[key].get<std::string>() : one[key].dump()) == value) next = &one;
      }
    } else if (here->is_array() && parse_int(step, "path " + path) < static_cast<int64_t>(here->size())) {
      next = &here->at(static_cast<size_t>(parse_int(step, "path " + path)));
    }
    if (!next) return {};
    here = next;
  }
  return *here;
}

ordered_json compared(const json& number, const json& result) {
  const json here = at_path(result, number.at("path").get<std::string>());
  const auto& published = number.at("published");
  return {{"name", number.at("name")},
          {"path", number.at("path")},
          {"here", here},
          {"published", published},
          {"difference", here.is_number() ? json(here.get<double>() - published.get<double>()) : json()},
          {"settings_that_differ", differing_settings(number.value("settings", json::object()), result)},
          {"source", number.at("source")}};
}

ordered_json compared(const json& result, const json& reference, const Options& o) {
  check_model(result, reference, o);
  const auto experiment = result.at("experiment").get<std::string>();
  auto numbers = ordered_json::array();
  for (const auto& number : reference.at("numbers")) {
    if (number.at("experiment") == experiment) numbers.push_back(compared(number, result));
  }
  if (numbers.empty()) throw InputError(fmt::format("{}: no published numbers of {}", o.of_reference(), experiment));
  return {{"experiment", experiment}, {"model", reference.at("model")}, {"numbers", numbers}};
}

std::string spell(const ordered_json& value) {
  return value.is_number_float() ? fmt::format("{:.4g}", value.get<double>()) : value.is_null() ? "none" : value.dump();
}

std::string spell_settings(const ordered_json& differing) {
  std::string text;
  for (const auto& [name, values] : differing.items()) {
    text += fmt::format("{}{} {} here, {} published", text.empty() ? "" : "; ", name, values.at("here").dump(),
                        values.at("published").dump());
  }
  return text;
}

void print_table(const ordered_json& compared) {
  const auto terminal = app::terminal_of(stdout);
  app::Table table({app::Align::left, app::Align::right, app::Align::right, app::Align::right, app::Align::left});
  table.heading({compared.at("experiment"), "here", "published", "difference", "settings that differ"});
  std::vector<std::string> sources;
  for (const auto& number : compared.at("numbers")) {
    const auto& difference = number.at("difference");
    table.add({{number.at("name")},
               {spell(number.at("here"))},
               {spell(number.at("published"))},
               {difference.is_null() ? "-" : fmt::format("{:+.3g}", difference.get<double>())},
               {spell_settings(number.at("settings_that_differ")), app::Colour::doubtful}});
    const auto source = number.at("source").get<std::string>();
    if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
  }
  fmt::print("{}", table.text(terminal));
  for (const auto& source : sources) fmt::print("source: {}\n", source);
}

void run(const Options& o) {
  const auto result = result::read_result(o.result);
  const auto reference =
      o.reference.empty() ? json::parse(kPublished) : files::read_object(o.reference, "published numbers");
  try {
    const auto numbers = compared(result, reference, o);
    if (o.json)
      app::print_json(numbers);
    else
      print_table(numbers);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{} and {}: {}", o.result, o.of_reference(), e.what()));
  }
}

}  // namespace

Command compare() {
  return {
      "compare", "compare a result with published numbers for the same experiment and model",
      [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        app.add_option("result", o->result, "a result file, or `-`: standard input")->required()->type_name(app::kFile);
        app.add_option("--reference", o->reference, "file with published numbers; without it, those of Qwen3-8B")
            ->type_name(app::kFile);
        app.add_flag("--json", o->json, "print one JSON document");
        app.callback([o] { run(*o); });
      },
      kResults};
}

}  // namespace sinkscope::commands
