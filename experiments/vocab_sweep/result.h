#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/vocab_sweep/plan.h"
#include "experiments/vocab_sweep/summary.h"
#include "experiments/vocab_sweep/table.h"

namespace sinkscope::experiments::sweep {

/// Everything that a plan asks for, measured: a table for every pass, in the order of the pass's ids.
struct Measured {
  Plan plan;
  Names names;  ///< of plan.ids
  nlohmann::json baseline;
  std::map<PassOf, Table> tables;
  std::vector<int64_t> refined;  ///< ids of the refine pass; complete once refine's table is there
};

/// A sweep writes three files of one name: the result (.json), its arrays (.safetensors) and its journal (.journal).
/// check_name throws InputError where `out` is no .json, and two would be one file.
void check_name(const std::filesystem::path& out);
std::filesystem::path sidecar_of(const std::filesystem::path& out);

/// The sweep's findings; arrays by id, layer and head go to a sidecar beside `out`, which is written here.
nlohmann::json write_findings(const Measured&, const std::filesystem::path& out);

/// What the findings mean, for a result's `metrics`.
nlohmann::json metrics(const Plan&);

}  // namespace sinkscope::experiments::sweep
