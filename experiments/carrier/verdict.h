#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evidence.h"

namespace sinkscope::experiments::carrier {

/// The answer: the earliest candidate that meets every condition is the mark, later ones that do are its mediators.
struct Verdict {
  std::string kind =
      "none found";  ///< or "no sink", "one channel", "a set", "redundant sets", "circuits", "a direction"
  const Evidence* mark = nullptr;
  std::vector<const Evidence*> mediators = {};
  std::string statement = {};  ///< one sentence
};

/// The last of mark and mediators that is the mark's own carrier: what else could be it stands there too.
const Evidence& last_of_mark(const Verdict&);

Verdict decide(const std::vector<Evidence>&);

nlohmann::json to_json(const Verdict&);

/// A page of plain text for a reader who doubts: question, answer, evidence, what would overturn it. `results` are
/// those that identify writes.
std::string page(const Verdict&, const nlohmann::json& results, const std::string& model);

}  // namespace sinkscope::experiments::carrier
