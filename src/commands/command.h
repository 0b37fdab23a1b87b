#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::commands {

/// One subcommand: `setup` binds its options to the app and gives the callback that runs it.
struct Command {
  std::string name;
  std::string summary;  ///< one line of --help: the question that it answers
  std::function<void(CLI::App&)> setup;
};

/// The commands that are no experiments, in the order of --help (list.cpp).
std::vector<Command> all();

}  // namespace sinkscope::commands
