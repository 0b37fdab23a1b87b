// man: the manual page, made from the options that the program has.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "app/build_info.h"
#include "commands/command.h"
#include "commands/option_table.h"
#include "commands/roff.h"

namespace sinkscope::commands {
namespace {

constexpr size_t kCommon = 3;  // an option that so many commands have word for word stands once, for all

constexpr char kDescription[] =
    "sinkscope runs a decoder language model under controlled changes (rotary positions, attention rows, the token at "
    "position 0, activations) and measures what happens to the attention sink. Each experiment is a command that "
    "writes one JSON result; results and tables go to standard output or to the file of --out, progress and errors to "
    "standard error.";

std::string name_and_value(const OptionRow& option) {
  std::string spelled;
  for (const auto& name : option.names) spelled += (spelled.empty() ? "" : ", ") + roff::bold(name);
  if (option.is_argument || option.type.empty()) return spelled;
  const auto value = roff::italic(option.type);
  return spelled + (option.may_be_bare ? " [" + value + "]" : " " + value);
}

/// As a sentence.
std::string ended(const std::string& text) {
  return text.ends_with('?') || text.ends_with('.') ? text : text + ".";
}

std::string explained(const OptionRow& option) {
  auto text = option.help;
  if (!option.choices.empty()) text += fmt::format(". One of: {}", fmt::join(option.choices, ", "));
  if (option.is_list) text.replace(text.rfind("One of"), 6, "Some of");
  if (!option.by_default.empty()) text += fmt::format(". Default: {}", option.by_default);
  if (option.is_required) text += ". Required";
  return ended(text);
}

std::string item(const OptionRow& option) {
  return roff::item(name_and_value(option), explained(option));
}

/// "sinkscope: how a model ...", without the name.
std::string what_it_does(const std::string& summary) {
  return summary.substr(summary.find(": ") + 2);
}

/// What many commands have alike.
std::vector<OptionRow> common_options(const std::vector<CommandRow>& table) {
  std::vector<OptionRow> seen, common;
  std::vector<size_t> count;
  for (const auto& command : table) {
    for (const auto& option : command.options) {
      const auto at = std::find(seen.begin(), seen.end(), option) - seen.begin();
      if (at == std::ssize(seen)) seen.push_back(option), count.push_back(0);
      ++count[static_cast<size_t>(at)];
    }
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (count[i] >= kCommon) common.push_back(seen[i]);
  }
  return common;
}

std::string by_group(const std::vector<OptionRow>& options) {
  std::string page;
  std::set<std::string> done;
  for (const auto& first : options) {
    if (!done.insert(first.group).second) continue;
    page += roff::subsection(first.group);
    for (const auto& option : options) {
      if (option.group == first.group) page += item(option);
    }
  }
  return page;
}

std::string synopsis(const CommandRow& command) {
  std::string line = roff::bold("sinkscope " + command.name);
  for (const auto& option : command.options) {
    if (option.is_required && !option.is_argument) line += " " + name_and_value(option);
  }
  line += " [options]";
  for (const auto& option : command.options) {
    if (option.is_argument) line += " " + roff::italic(option.names[0]);
  }
  return line;
}

std::string of_command(const CommandRow& command, const std::vector<OptionRow>& common) {
  std::string page = roff::item(synopsis(command), ended(command.summary));
  std::vector<std::string> shared;
  page += roff::indent();
  for (const auto& option : command.options) {
    const bool is_common = std::find(common.begin(), common.end(), option) != common.end();
    if (is_common)
      shared.push_back(option.names.back());
    else
      page += item(option);
  }
  if (!shared.empty()) page += roff::paragraph(fmt::format("Also {}.", fmt::join(shared, ", ")));
  return page + roff::outdent();
}

std::string page_of(const CLI::App& program) {
  const auto table = table_of(program);
  const auto common = common_options(table);
  std::string page = roff::title("sinkscope", app::kDate, fmt::format("sinkscope {} ({})", app::kVersion, app::kGit));
  page += roff::section("NAME") + roff::raw("sinkscope \\- " + what_it_does(table[0].summary));
  page += roff::section("SYNOPSIS") + roff::raw(roff::bold("sinkscope") + " " + roff::italic("command") + " [options]");
  page += roff::section("DESCRIPTION") + roff::line(kDescription);
  page += roff::section("COMMANDS");
  std::string group;
  for (const auto& command : table) {
    if (command.name.empty()) continue;
    if (command.group != group) page += roff::subsection(group = command.group);
    page += of_command(command, common);
  }
  page += roff::section("OPTIONS OF MANY COMMANDS") + by_group(common);
  page += roff::section("OPTIONS OF THE PROGRAM");
  for (const auto& option : table[0].options) page += item(option);
  page += roff::section("EXIT STATUS") + roff::line(program.get_footer());
  return page;
}

}  // namespace

Command man() {
  return {"man", "print the manual page: sinkscope man | man -l -",
          [](CLI::App& app) { app.callback([&app] { fmt::print("{}", page_of(*app.get_parent())); }); }, kTerminal};
}

}  // namespace sinkscope::commands
