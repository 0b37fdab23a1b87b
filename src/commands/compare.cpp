// compare: published numbers beside a result of the same experiment and model.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/files/read_json.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::commands {
namespace {

using nlohmann::json;

struct Options {
  std::string result, reference = "configs/reference/qwen3-8b.json";
};

/// Where a run's settings are not the published ones; empty where they are.
std::string differing_settings(const json& published, const json& result) {
  std::string differing;
  const auto compare = [&](const char* name, const json& found) {
    if (!published.contains(name) || published[name] == found) return;
    differing += fmt::format("{}{} {} here, {} published", differing.empty() ? "" : "; ", name, found.dump(),
                             published[name].dump());
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
                                   o.result, reference.at("model").get<std::string>(), o.reference, key, value.dump(),
                                   result["model"].value(key, json()).dump()));
    }
  }
}

std::string spell(const json& value) {
  return value.is_number_float() ? fmt::format("{:.4g}", value.get<double>()) : value.is_null() ? "none" : value.dump();
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

void print_row(const json& number, const json& result) {
  const json found = at_path(result, number.at("path").get<std::string>());
  const auto& published = number.at("published");
  const auto difference =
      found.is_number() ? fmt::format("{:+.3g}", found.get<double>() - published.get<double>()) : std::string("-");
  fmt::print("{:<44} {:>10} {:>10} {:>10}   {}\n", number.at("name").get<std::string>(), spell(found), spell(published),
             difference, differing_settings(number.value("settings", json::object()), result));
}

void run(const Options& o) {
  const auto result = result::read_result(o.result), reference = files::read_object(o.reference, "published numbers");
  try {
    check_model(result, reference, o);
    const auto experiment = result.at("experiment").get<std::string>();
    fmt::print("{:<44} {:>10} {:>10} {:>10}   {}\n", experiment, "here", "published", "difference",
               "settings that differ");
    std::vector<std::string> sources;
    for (const auto& number : reference.at("numbers")) {
      if (number.at("experiment") != experiment) continue;
      print_row(number, result);
      const auto source = number.at("source").get<std::string>();
      if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
    }
    if (sources.empty()) throw InputError(fmt::format("{}: no published numbers of {}", o.reference, experiment));
    for (const auto& source : sources) fmt::print("source: {}\n", source);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{} and {}: {}", o.result, o.reference, e.what()));
  }
}

}  // namespace

Command compare() {
  return {"compare", "compare a result with published numbers for the same experiment and model",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("result", o->result, "a result file")->required();
            app.add_option("--reference", o->reference, "file with the published numbers")->capture_default_str();
            app.callback([o] { run(*o); });
          },
          kResults};
}

}  // namespace sinkscope::commands
