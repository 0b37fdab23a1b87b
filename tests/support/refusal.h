#pragma once

#include <string>

#include "sinkscope/error.h"

namespace sinkscope::tests {

/// The InputError that f throws, in its words; empty where it throws none.
template <typename F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

}  // namespace sinkscope::tests
