// What a result says of a candidate.

#include <nlohmann/json.hpp>

#include "experiments/identify/lesser.h"
#include "sinkscope/measure/statistics.h"

namespace sinkscope::experiments::identification {

const char* name(Met met) {
  return met == Met::yes ? "yes" : met == Met::no ? "no" : "open";
}

nlohmann::json to_json(const Condition& c) {
  nlohmann::json condition{{"name", c.name},
                           {"set", c.set ? nlohmann::json(*c.set) : nlohmann::json()},
                           {"what", c.what},
                           {"value", measure::to_json(c.value)},
                           {"met", name(c.met)}};
  for (const auto& [text, judged] : c.by_text)
    condition["by_text"][text] = {{"value", measure::to_json(judged.value)}, {"met", name(judged.met)}};
  return condition;
}

nlohmann::json to_json(const Evidence& e) {
  const auto& c = e.candidate();
  auto sets = nlohmann::json::array(), conditions = nlohmann::json::array(), trials = nlohmann::json::array();
  for (const auto& set : c.sufficient) sets.push_back(to_json(set));
  for (const auto& condition : e.conditions()) conditions.push_back(to_json(condition));
  for (const auto& trial : e.trials()) trials.push_back(trial.name);
  nlohmann::json evidence{{"site", model::name(c.site)},
                          {"sufficient", sets},
                          {"each_needed", c.each_needed},
                          {"apart", c.apart},
                          {"copied", c.copied},
                          {"sparse", to_json(e.sparse())},
                          {"fewer", to_json(e.fewer())},
                          {"needed", c.needed},
                          {"conditions", conditions},
                          {"controls_move", measure::finite(e.controls_move())},
                          {"passes", e.passes()},
                          {"refuted", e.refuted()},
                          {"trials", trials}};
  for (const auto& [text, met] : e.by_text()) evidence["by_text"][text] = name(met);
  return evidence;
}

}  // namespace sinkscope::experiments::identification
