#include "commands/option_table.h"

#include <CLI/CLI.hpp>

#include "sinkscope/app/option_types.h"
#include "sinkscope/model/points.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::commands {
namespace {

/// Hook points of any layer, as globs.
std::vector<std::string> site_choices() {
  std::vector<std::string> names{"all"};
  for (const auto& point : model::points())
    names.push_back((model::in_block(point.point) ? "blocks.*." : "") + std::string(point.name));
  return names;
}

/// CLI11 spells what a value may be behind its type: "TEXT:{windows,lines}".
void read_choices(const std::string& spelled, OptionRow& row) {
  if (row.type == app::kSitesType) {
    row.choices = site_choices();
    row.is_list = true;
    return;
  }
  const auto open = spelled.find('{'), close = spelled.find('}');
  if (open == std::string::npos || close == std::string::npos) return;
  row.choices = split(spelled.substr(open + 1, close - open - 1), ',');
  row.is_list = spelled.ends_with("},...");
}

OptionRow row_of(const CLI::Option& option) {
  OptionRow row;
  row.is_argument = option.get_positional();
  if (row.is_argument) row.names = {option.get_name(/*positional=*/true)};
  for (const auto& name : option.get_snames()) row.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) row.names.push_back("--" + name);
  const auto spelled = option.get_type_name();
  const bool is_flag = option.get_expected_max() == 0 || option.get_type_size() == 0;
  row.type = is_flag ? "" : spelled.substr(0, spelled.find(':'));
  row.help = option.get_description();
  row.group = option.get_group();
  row.by_default = is_flag ? "" : option.get_default_str();
  row.is_required = option.get_required();
  row.may_be_bare = is_flag || option.get_expected_min() == 0;
  if (!is_flag) read_choices(spelled, row);
  return row;
}

CommandRow row_of(const CLI::App& command, const std::string& name) {
  CommandRow row{name, command.get_description(), command.get_group(), {}};
  for (const auto* option : command.get_options()) row.options.push_back(row_of(*option));
  return row;
}

}  // namespace

std::vector<CommandRow> table_of(const CLI::App& program) {
  std::vector<CommandRow> table{row_of(program, "")};
  for (const auto* command : program.get_subcommands([](const CLI::App*) { return true; }))
    table.push_back(row_of(*command, command->get_name()));
  return table;
}

}  // namespace sinkscope::commands
