#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::commands::checkup {

enum class State {
  ok,
  note,   ///< a run works, but slower or with less than there could be
  fails,  ///< something that was asked for, or that the machine has, would fail
};
std::string_view name_of(State);

/// What was looked at, what was found, and what mends it where it is not ok.
struct Finding {
  std::string name = {};
  State state = State::ok;
  std::string found, mend;
};
using Findings = std::vector<Finding>;

/// What was asked about beside the machine.
struct Question {
  std::string model, revision, dtype, out, python;
  bool force = false;
};

// One source each.
Findings look_at_libtorch();
Findings look_at_threads();
Findings look_at_memory();
Findings look_at_gpu();
Findings look_at_places(const Question&);
Findings look_at_model(const Question&);
Findings look_at_python(const Question&);

}  // namespace sinkscope::commands::checkup
