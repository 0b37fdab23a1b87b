#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// The answer: the earliest candidate that meets every condition is the signal, later ones that do are its mediators.
/// "undecided" where none does and these samples do not refute all.
struct Verdict {
  std::string kind = "none found";  ///< or "no sink", "undecided", "one channel", "a set", "redundant sets",
                                    ///< "circuits", "a direction", "a subspace"
  const Evidence* signal = nullptr;
  std::vector<const Evidence*> mediators = {};
  std::vector<const Evidence*> open = {};  ///< before the signal, neither met nor refuted
  std::string statement = {};              ///< one sentence
};

/// The last of signal and mediators with the same channels: other channels that could be the signal exist there too.
const Evidence& last_of_signal(const Verdict&);

Verdict decide(const std::vector<Evidence>&);

/// Where the layer that is read has no sink to explain.
Verdict no_sink(const std::string& why);

nlohmann::json to_json(const Verdict&);

}  // namespace sinkscope::experiments::identification
