#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runner.h"

namespace sinkscope::experiments::trials {

/// What first tokens the samples have: ordinary, whitespace, special, or repeated (token 1 is the same id).
std::vector<std::string> first_token_kinds(const app::Run&);

/// A trial as a result holds it.
nlohmann::json describe(Runner&, const intervene::Trial&, const Outcome&);

/// The same for a list, with the interactions (A∪B) − A − B that trials ask for.
nlohmann::json describe(Runner&, const std::vector<intervene::Trial>&, const std::vector<Outcome>&);

}  // namespace sinkscope::experiments::trials
