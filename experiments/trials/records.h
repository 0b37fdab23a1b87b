#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "outcome.h"
#include "sinkscope/intervene/trial.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::trials {

/// How much of a trial is made.
enum class Depth {
  probe,  ///< the sink and the spike, without controls
  whole,  ///< every outcome, with the controls
};

/// Outcomes by trial and batch, in a journal: a run that was killed goes on from them.
class Records {
 public:
  /// Throws InputError where the journal is of another run.
  Records(const std::filesystem::path&, const nlohmann::json& header);

  /// Bytes that a kill tore off the end.
  int64_t cut() const { return journal_.cut(); }

  bool has(const intervene::Trial&, int64_t batch, Depth) const;
  void add(const intervene::Trial&, int64_t batch, Depth, const Outcome&);

  /// Of all batches, which must be there.
  Outcome joined(const intervene::Trial&, int64_t batches, Depth) const;

  void remove() { journal_.remove(); }

 private:
  result::Journal journal_;
  std::map<std::string, int64_t> units_;  // records of the journal by key
};

}  // namespace sinkscope::experiments::trials
