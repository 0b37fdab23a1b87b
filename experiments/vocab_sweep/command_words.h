#pragma once

#include <set>
#include <string>

namespace sinkscope::experiments::sweep {

/// A command as command_line() spells it, without these options ("--out" takes its value along, "--out=x" too) and
/// flags. Ends with a space.
std::string without(const std::string& command, const std::set<std::string>& options,
                    const std::set<std::string>& flags);

}  // namespace sinkscope::experiments::sweep
