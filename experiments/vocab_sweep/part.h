#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/vocab_sweep/plan.h"
#include "experiments/vocab_sweep/result.h"
#include "experiments/vocab_sweep/table.h"
#include "experiments/vocab_sweep/work.h"
#include "sinkscope/app/shard.h"

namespace sinkscope::experiments::sweep {

inline constexpr char kPartExperiment[] = "vocab-sweep-part";

/// One shard's result: everything as it was measured, for `merge`. The tables lie in a sidecar.
struct Part {
  std::filesystem::path file;
  nlohmann::json result;  ///< as vocab-sweep writes it, experiment "vocab-sweep-part"
  app::Shard shard;
  struct Piece {
    int64_t first = 0, last = 0, of = 0;  ///< units [first, last) of so many
    std::vector<int64_t> ids;
    Table table;
  };
  std::map<PassOf, Piece> pieces;
};

/// What a part's `results` hold; writes the sidecar beside `out`.
nlohmann::json write_tables(const std::vector<Share>&, const result::Journal&, const std::filesystem::path& out);

/// Throws InputError where the file is no part, or its sidecar is missing, damaged or does not fit.
Part read_part(const std::filesystem::path& file);

/// What must be the same in all parts of a run, from the sections of a result and its plan.
nlohmann::json identity_of(const nlohmann::json& result, const nlohmann::json& plan);

}  // namespace sinkscope::experiments::sweep
