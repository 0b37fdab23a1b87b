#pragma once

#include <set>
#include <string>

namespace sinkscope::app {

/// A word as a shell takes it.
std::string quoted(const std::string& word);

/// This program's words in one line, each quoted.
std::string command_line();

/// A command as command_line() spells it, without these options ("--out" takes its value along, "--out=x" too) and
/// flags. Ends with a space.
std::string without(const std::string& command, const std::set<std::string>& options,
                    const std::set<std::string>& flags);

}  // namespace sinkscope::app
