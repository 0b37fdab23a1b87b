#include "commands/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "commands/option_table.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::commands {
namespace {

std::vector<std::string> commands_of(const std::vector<CommandRow>& table) {
  std::vector<std::string> names;
  for (const auto& command : table) {
    if (!command.name.empty()) names.push_back(command.name);
  }
  return names;
}

/// The long ones of a command; of the program itself for "".
std::vector<std::string> options_of(const std::vector<CommandRow>& table, const std::string& command) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& one) { return one.name == command; });
  std::vector<std::string> long_names;
  for (const auto& option : row->options) {
    for (const auto& name : option.names) {
      if (name.starts_with("--")) long_names.push_back(name);
    }
  }
  return long_names;
}

/// Words are left over where nothing takes them.
void refuse_unknown(const CLI::App& program) {
  const auto left = program.remaining(/*recurse=*/true);
  if (left.empty()) return;
  const auto word = left.front().substr(0, left.front().find('='));
  const auto chosen = program.get_subcommands();
  const bool is_option = word.starts_with("-");
  const auto table = table_of(program);
  if (chosen.empty() && !is_option)
    throw InputError(fmt::format("no command is named '{}'; the nearest is '{}' (sinkscope --help lists all)", word,
                                 nearest(word, commands_of(table))));
  const auto command = chosen.empty() ? "" : chosen.front()->get_name();
  const auto of = chosen.empty() ? "sinkscope" : "sinkscope " + command;
  if (!is_option) throw InputError(fmt::format("{0} takes no word '{1}' here ({0} --help)", of, word));
  throw InputError(fmt::format("{0} has no option {1}; the nearest is {2} ({0} --help lists all)", of, word,
                               nearest(word, options_of(table, command))));
}

}  // namespace

void parse(CLI::App& program, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as CLI11 wants a vector
  try {
    program.parse(std::move(words));
  } catch (const CLI::RequiredError&) {
    refuse_unknown(program);
    throw;
  } catch (const CLI::ExtrasError&) {
    refuse_unknown(program);
    throw;
  }
}

}  // namespace sinkscope::commands
