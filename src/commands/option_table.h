#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::commands {

/// One option, flag or argument, as the program has it: what completion and the manual page are made of.
struct OptionRow {
  std::vector<std::string> names;  ///< with their dashes; of an argument its name alone
  std::string type;                ///< as in app/option_types.h, "" for a flag
  std::vector<std::string> choices;
  std::string help, group, by_default;
  bool is_argument = false;  ///< a word without a dash
  bool is_required = false;
  bool may_be_bare = false;  ///< its value may be left out; so may a flag's
  bool is_list = false;      ///< several choices by commas

  bool operator==(const OptionRow&) const = default;
};

struct CommandRow {
  std::string name, summary, group;
  std::vector<OptionRow> options;  ///< in the order of --help
};

/// Every command of the program in the order of --help, behind one without a name for the program's own options.
std::vector<CommandRow> table_of(const CLI::App& program);

}  // namespace sinkscope::commands
