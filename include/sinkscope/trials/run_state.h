#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sinkscope/app/work_state.h"

namespace sinkscope::trials {

/// The result whose run of trials keeps this journal, by its name; nothing where none of them is named so.
std::optional<std::filesystem::path> result_of(const std::filesystem::path& journal);

/// Whether a run of trials goes on that will write this result: journals lie beside it, and it is not there or older
/// than what they measured.
bool is_under_way(const std::filesystem::path& out);

/// How far the processes are that work on the result `out`, by the journals beside it. A unit is one trial over one
/// batch; units are known where the run is shared, since shard 0 then writes down what it chooses. Throws InputError
/// for a file that is no journal, and where there is none.
app::RunState run_state(const std::filesystem::path& out);

}  // namespace sinkscope::trials
