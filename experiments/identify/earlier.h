#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// What an earlier stage of the sink was found to rest on.
struct EarlierSignal {
  size_t stage = 0;
  model::Site site = {};
  Signal signal = {};
  bool copied = false;  ///< each sample has its own level
};

/// Whether a stage reads what earlier ones rest on: each of their signals taken from token 0, and given to the later
/// token.
class Earlier {
 public:
  Earlier(const std::vector<EarlierSignal>&, int64_t token);
  const std::vector<intervene::Trial>& trials() const { return trials_; }

  /// Of a list that holds trials(): [{"stage", "site", "needed", "removed", "written", "random": {"moves", "as_far"}}]:
  /// whether token 0's sink needs the signal; open, too, where more than few random moves of the same size lower it as
  /// far.
  nlohmann::json judge(const trials::Runner&, const std::vector<Measured>&) const;

 private:
  std::vector<EarlierSignal> signals_;
  std::vector<intervene::Trial> trials_;
};

}  // namespace sinkscope::experiments::identification
