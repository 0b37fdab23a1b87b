#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/trial.h"

namespace sinkscope::trials {

/// Trials, each with what its row of the table says of it.
struct Described {
  std::vector<intervene::Trial> list = {};
  std::map<std::string, nlohmann::json> by_name = {};

  void add(intervene::Trial trial, nlohmann::json about) {
    by_name[trial.name] = std::move(about);
    list.push_back(std::move(trial));
  }
  const nlohmann::json& about(const intervene::Trial& trial) const { return by_name.at(trial.name); }
};

}  // namespace sinkscope::trials
