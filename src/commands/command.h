#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::commands {

// Groups of --help, in its order.
inline constexpr char kWhere[] = "Where the sink is";
inline constexpr char kFollows[] = "What the sink follows: position, mask, the first token's id";
inline constexpr char kMarks[] = "What marks the first token";
inline constexpr char kParts[] = "Sweeps in parts";
inline constexpr char kModel[] = "Models, tokenizers and activations";
inline constexpr char kResults[] = "Results";
inline constexpr char kTerminal[] = "At the terminal";
inline constexpr const char* kGroups[] = {kWhere, kFollows, kMarks, kParts, kModel, kResults, kTerminal};

/// One subcommand: `setup` binds its options to the app and gives the callback that runs it.
struct Command {
  std::string name;
  std::string summary;  ///< one line of --help: the question that it answers
  std::function<void(CLI::App&)> setup;
  std::string group;  ///< one of kGroups
};

/// The commands that are no experiments, in the order of --help (list.cpp).
std::vector<Command> all();

/// Adds them to the program, in the order of their groups. Throws std::logic_error for a group that is none of kGroups.
void add_to(CLI::App& program, const std::vector<Command>&);

}  // namespace sinkscope::commands
