#include "sinkscope/app/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/files/read_json.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::app {
namespace {

using nlohmann::json;

constexpr int64_t kMaxConfig = 1 << 24;

/// Long names without dashes, in the order of --help.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) {
      if (name != "help" && name != "config") names.push_back(name);
    }
  }
  return names;
}

std::optional<std::string> config_path(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--config" && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with("--config=")) return words[i].substr(9);
  }
  return std::nullopt;
}

std::string spell_value(const json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  if (!value.is_array()) throw InputError(fmt::format("{}: expected a string, number, boolean or list", where));
  std::string list;
  for (const auto& item : value) list += (list.empty() ? "" : ",") + spell_value(item, where);
  return list;
}

bool has_option(const std::vector<std::string>& names, const std::string& key) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

}  // namespace

std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> words) {
  const auto path = config_path(words);
  if (!path || words.empty()) return words;
  const auto commands = program.get_subcommands([&](const CLI::App* c) { return c->get_name() == words.front(); });
  if (commands.empty()) return words;
  const auto* command = commands.front();
  const auto names = option_names(*command);
  std::vector<std::string> from_file;
  const auto object = files::read_object(*path, "a config: options and their values", kMaxConfig);
  for (const auto& [key, value] : object.items()) {
    const auto where = fmt::format("--config {}: '{}'", *path, key);
    if (!has_option(names, key)) {
      throw InputError(
          fmt::format("{} is not an option of {}; the nearest is '{}'", where, words.front(), nearest(key, names)));
    }
    const bool takes_json = command->get_option("--" + key)->get_type_name() == kJsonType && value.is_structured();
    from_file.push_back(fmt::format("--{}={}", key, takes_json ? value.dump() : spell_value(value, where)));
  }
  words.insert(words.begin() + 1, from_file.begin(), from_file.end());
  return words;
}

json resolved_options(const CLI::App& command) {
  auto resolved = json::object();
  for (const auto& name : option_names(command)) {
    const auto* option = command.get_option("--" + name);
    const bool is_flag = option->get_expected_min() == 0;
    if (is_flag) {
      resolved[name] = option->count() > 0 && option->results().back() != "false";
      continue;
    }
    const auto text = option->count() > 0 ? option->results().back() : option->get_default_str();
    const auto number = json::parse(text, nullptr, /*allow_exceptions=*/false);
    resolved[name] = number.is_number() ? number : json(text);
  }
  return resolved;
}

std::set<std::string> given_options(const CLI::App& command) {
  std::set<std::string> given;
  for (const auto& name : option_names(command)) {
    if (command.get_option("--" + name)->count() > 0) given.insert(name);
  }
  return given;
}

}  // namespace sinkscope::app
