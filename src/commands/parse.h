#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::commands {

/// Parses the words of a command line and runs the command. A word that the program does not know is an InputError that
/// names it and the nearest, before anything that is missing.
void parse(CLI::App& program, std::vector<std::string> words);

}  // namespace sinkscope::commands
