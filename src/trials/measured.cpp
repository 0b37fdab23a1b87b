#include "sinkscope/trials/measured.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace sinkscope::trials {

bool is(const intervene::Trial& trial, intervene::Role role, const nlohmann::json& about) {
  if (trial.role != role) return false;
  const auto& own = trial.about;
  for (const auto& [key, value] : about.items()) {
    if (!own.contains(key) || own[key] != value) return false;
  }
  return true;
}

const Measured& measured_of(const std::vector<Measured>& list, intervene::Role role, const nlohmann::json& about) {
  const auto found = [&](const Measured& one) { return is(one.trial, role, about); };
  const auto count = std::count_if(list.begin(), list.end(), found);
  if (count == 1) return *std::find_if(list.begin(), list.end(), found);
  throw std::logic_error(
      fmt::format("expected one trial with role {} and {}, found {}", intervene::name(role), about.dump(), count));
}

const Outcome& outcome_of(const std::vector<Measured>& list, intervene::Role role, const nlohmann::json& about) {
  return measured_of(list, role, about).outcome;
}

}  // namespace sinkscope::trials
