#pragma once

#include <stdexcept>

namespace sinkscope {

/// What a user can mend: a bad option, file, checkpoint or text. The program ends with exit code 2;
/// every other exception is a failed run and ends with 1. The message is one line that names the thing,
/// what was expected and what was found.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace sinkscope
