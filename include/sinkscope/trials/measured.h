#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/intervene/trial.h"
#include "sinkscope/trials/outcome.h"

namespace sinkscope::trials {

/// A trial and what was read of it.
struct Measured {
  intervene::Trial trial = {};
  Outcome outcome = {};
};

/// Whether the trial has this role and its `about` holds all that `about` holds.
bool is(const intervene::Trial&, intervene::Role, const nlohmann::json& about);

/// The one trial that is that, and its outcome. Both throw std::logic_error where there is none, or more than one.
const Measured& measured_of(const std::vector<Measured>&, intervene::Role, const nlohmann::json& about);
const Outcome& outcome_of(const std::vector<Measured>&, intervene::Role, const nlohmann::json& about);

}  // namespace sinkscope::trials
