#pragma once

namespace CLI {
class App;
}

namespace sinkscope::commands {

/// Makes --help break its lines to the terminal's width. To be called before commands are added.
void wrap_help(CLI::App& program);

}  // namespace sinkscope::commands
