#include "experiments/identify/draws.h"

#include <algorithm>
#include <optional>
#include <string>

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

int64_t overlap(const json& a, const json& b) {
  const auto first = std::max(a.at("first").get<int64_t>(), b.at("first").get<int64_t>());
  const auto last = std::min(a.at("last").get<int64_t>(), b.at("last").get<int64_t>());
  return std::max<int64_t>(0, last - first + 1);
}

/// Place of the stage of another draw with most layers in common; nothing where none has any.
std::optional<size_t> same_stage(const json& stage, const json& draw) {
  std::optional<size_t> best;
  int64_t most = 0;
  const auto& stages = draw.at("stages");
  for (size_t i = 0; i < stages.size(); ++i) {
    if (const auto common = overlap(stage, stages[i]); common > most) {
      most = common;
      best = i;
    }
  }
  return best;
}

void count(json& into, const std::string& answer) {
  into[answer] = into.value(answer, 0) + 1;
}

/// What a stage of a draw says of its need of an earlier stage of it.
std::string need(const json& stage, std::optional<size_t> earlier) {
  for (const auto& link : stage.at("earlier")) {
    if (earlier && link.at("stage") == *earlier) return link.at("needed").get<std::string>();
  }
  return "not asked";
}

/// `number`: the stage's place in `own`, the draw that has it first.
json agree(size_t number, const json& own, const json& draws) {
  const auto& stage = own.at("stages")[number];
  auto kinds = json::object(), sites = json::object();
  auto needed = json::array();
  for (const auto& link : stage.at("earlier"))
    needed.push_back({{"stage", link.at("stage")}, {"answers", json::object()}});
  for (const auto& draw : draws) {
    const auto place = same_stage(stage, draw);
    count(kinds, place ? draw.at("stages")[*place].at("kind").get<std::string>() : "no sink");
    if (!place) continue;
    const auto& found = draw.at("stages")[*place];
    if (!found.at("signal").is_null()) count(sites, found.at("signal").at("site").get<std::string>());
    for (auto& link : needed) {
      const auto& earlier = own.at("stages")[link.at("stage").get<size_t>()];
      count(link["answers"], need(found, same_stage(earlier, draw)));
    }
  }
  return {{"stage", &own == &draws.at(0) ? json(number) : json()},
          {"first", stage.at("first")},
          {"last", stage.at("last")},
          {"draws", draws.size()},
          {"kinds", kinds},
          {"sites", sites},
          {"needed", needed}};
}

bool is_known(const json& stage, const json& draws, size_t before) {
  return std::any_of(draws.begin(), draws.begin() + static_cast<std::ptrdiff_t>(before),
                     [&](const json& draw) { return same_stage(stage, draw).has_value(); });
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
  for (size_t draw = 0; draw < draws.size(); ++draw) {
    const auto& stages = draws[draw].at("stages");
    for (size_t i = 0; i < stages.size(); ++i) {
      if (draw == 0 || !is_known(stages[i], draws, draw)) rows.push_back(agree(i, draws[draw], draws));
    }
  }
  return rows;
}

}  // namespace sinkscope::experiments::identification
