#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"

namespace sinkscope::commands {

// One file each; see there.
Command activations();
Command compare();
Command completion();
Command doctor();
Command get_model();
Command hooks();
Command info();
Command man();
Command plot();
Command random_model();
Command report();
Command summary();
Command tokenize();

std::vector<Command> all() {
  return {info(),    hooks(),  tokenize(), activations(), random_model(), get_model(), compare(),
          summary(), report(), plot(),     doctor(),      completion(),   man()};
}

void add_to(CLI::App& program, const std::vector<Command>& commands) {
  for (const auto& command : commands) {
    if (std::find(std::begin(kGroups), std::end(kGroups), command.group) == std::end(kGroups))
      throw std::logic_error(fmt::format("{}: its group '{}' is not in command.h", command.name, command.group));
  }
  for (const char* group : kGroups) {
    for (const auto& command : commands) {
      if (command.group != group) continue;
      auto& app = *program.add_subcommand(command.name, command.summary)->group(group);
      command.setup(app);
      app.parse_complete_callback([&app] { app::check_standard_streams(app); });
      app.set_help_flag("-h,--help", "print this help and exit")->group("Help");  // behind the command's own options
    }
  }
}

}  // namespace sinkscope::commands
