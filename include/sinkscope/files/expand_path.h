#pragma once

#include <string>

namespace sinkscope::files {

/// A leading ~ or ~user as that user's home folder, as Python's os.path.expanduser takes it; unknown users stay.
std::string expand_user(const std::string& path);

/// $NAME and ${NAME} from the environment, as Python's os.path.expandvars takes them: once, unknown names stay.
std::string expand_variables(const std::string& path);

}  // namespace sinkscope::files
