#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::experiments {

/// One subcommand: `setup` binds its options to the app and gives the callback that runs it.
struct Command {
  std::string name;
  std::string summary;  ///< one line of --help: the question that it answers
  std::function<void(CLI::App&)> setup;
};

/// Every subcommand, in the order of --help. The list is written, not discovered (all.cpp).
std::vector<Command> all();

}  // namespace sinkscope::experiments
