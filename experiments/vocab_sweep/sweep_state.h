#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sinkscope/app/work_state.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::sweep {

/// How far the process is that keeps this journal of a sweep. Throws InputError where it is another's.
app::WorkState state_of_journal(const std::string& file, const result::JournalContents&);

/// What a sweep's result, or a shard's, says of itself. Throws InputError where it is another's.
app::WorkState state_of_result(const std::string& file, const nlohmann::json& result);

}  // namespace sinkscope::experiments::sweep
