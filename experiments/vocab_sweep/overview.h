#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/app/terminal.h"
#include "sinkscope/app/work_state.h"

namespace sinkscope::experiments::sweep {

/// What `status` says of the files that it was given.
struct Overview {
  std::vector<app::RunState> runs = {};
  std::optional<int64_t> units = {};  ///< of all runs; nothing where one does not tell
  int64_t done = 0;
  double units_per_s = 0;                                ///< of the processes that run
  std::optional<double> left_s = {};                     ///< until the slowest is done, where that can be told
  std::map<int64_t, std::vector<int64_t>> missing = {};  ///< shards without a file, by the number of shards

  bool all(app::Work) const;  ///< every process
  bool any(app::Work) const;
  bool is_complete() const { return all(app::Work::done) && missing.empty(); }
};

/// Takes each file as a journal or a result, of a sweep or of trials. With `may_be_absent` one that is not there is a
/// process that has written nothing yet, otherwise an InputError, as is what is neither.
Overview look(const std::vector<std::string>& files, bool may_be_absent);

/// One document; keys are those of docs/terminal.md.
nlohmann::ordered_json to_json(const Overview&);

/// "412 of 530 units (78 %) in 3 files, 1.20 units/s, 1 min 38 s left"
std::string summary(const Overview&);

/// A row a process, and the summary.
std::string page(const Overview&, const app::Terminal&);

}  // namespace sinkscope::experiments::sweep
