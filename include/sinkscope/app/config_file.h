#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sinkscope::app {

/// Command-line words with the options of `--config FILE.json` (`-`: standard input) put in front of them, so that the
/// command line overrides the file. The file is one flat object; a list becomes a comma list, or stays JSON for an
/// option of kJsonType (option_types.h). A key that is no option of the command is an InputError that names the
/// nearest.
std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> words);

/// Every option of the command after parsing, for the result's `config`.
nlohmann::json resolved_options(const CLI::App& command);

/// The options that the command line or the config file set.
std::set<std::string> given_options(const CLI::App& command);

}  // namespace sinkscope::app
