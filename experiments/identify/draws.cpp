#include "experiments/identify/draws.h"

#include <algorithm>

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

int64_t overlap(const json& a, const json& b) {
  const auto first = std::max(a.at("first").get<int64_t>(), b.at("first").get<int64_t>());
  const auto last = std::min(a.at("last").get<int64_t>(), b.at("last").get<int64_t>());
  return std::max<int64_t>(0, last - first + 1);
}

/// The stage of another draw with most layers in common; null where none has any.
json same_stage(const json& stage, const json& draw) {
  json best;
  int64_t most = 0;
  for (const auto& one : draw.at("stages")) {
    if (const auto common = overlap(stage, one); common > most) {
      most = common;
      best = one;
    }
  }
  return best;
}

void count(json& into, const std::string& answer) {
  into[answer] = into.value(answer, 0) + 1;
}

json agree(const json& stage, size_t number, const json& draws) {
  auto kinds = json::object(), sites = json::object();
  auto needed = json::array();
  for (const auto& link : stage.at("earlier"))
    needed.push_back({{"stage", link.at("stage")}, {"answers", json::object()}});
  for (const auto& draw : draws) {
    const auto found = same_stage(stage, draw);
    count(kinds, found.is_null() ? "no sink" : found.at("kind").get<std::string>());
    if (found.is_null()) continue;
    if (!found.at("signal").is_null()) count(sites, found.at("signal").at("site").get<std::string>());
    for (size_t i = 0; i < std::min(needed.size(), found.at("earlier").size()); ++i) {
      count(needed[i]["answers"], found.at("earlier")[i].at("needed").get<std::string>());
    }
  }
  return {{"stage", number}, {"draws", draws.size()}, {"kinds", kinds}, {"sites", sites}, {"needed", needed}};
}

}  // namespace

json brief(const json& stages, const app::Run& r) {
  auto list = json::array();
  for (const auto& stage : stages) {
    auto earlier = json::array();
    for (const auto& one : stage.at("earlier"))
      earlier.push_back({{"stage", one.at("stage")}, {"needed", one.at("needed")}});
    list.push_back({{"first", stage.at("first")},
                    {"last", stage.at("last")},
                    {"layer", stage.at("layer")},
                    {"kind", stage.at("verdict").at("kind")},
                    {"signal", stage.at("verdict").at("signal")},
                    {"earlier", earlier}});
  }
  return {{"seed", r.options().seed},
          {"samples", r.samples().ids.size()},
          {"window_shift", r.options().window_shift},
          {"stages", list}};
}

json agreement(const json& draws) {
  auto rows = json::array();
  const auto& stages = draws.at(0).at("stages");
  for (size_t i = 0; i < stages.size(); ++i) rows.push_back(agree(stages[i], i, draws));
  return rows;
}

}  // namespace sinkscope::experiments::identification
