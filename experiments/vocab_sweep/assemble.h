#pragma once

#include <string>
#include <vector>

#include "experiments/vocab_sweep/part.h"
#include "experiments/vocab_sweep/result.h"

namespace sinkscope::experiments::sweep {

/// A run's parts, checked to be of one run, without overlap, and complete (refine aside, where the plan screens and no
/// part has it). Throws InputError that names the parts that differ or overlap, or what is missing with the commands
/// that compute it.
Measured assemble(const std::vector<Part>&);

/// The command that computes shard i of n as `part` was computed, or the refinement of a merged screen in `refine`.
std::string command_of(const Part&, const std::string& shard, const std::string& out, const std::string& refine = "");

}  // namespace sinkscope::experiments::sweep
