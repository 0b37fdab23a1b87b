#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.3g}", value.get<double>()) : "none";
}

std::string interval(const json& value) {
  const auto& ends = value.at("ci95");
  if (!ends[0].is_number()) return number(value.at("mean"));
  return fmt::format("{} [{}, {}]", number(value.at("mean")), number(ends[0]), number(ends[1]));
}

std::string channels(const json& list) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(list.size(), 16); ++i) text += (i ? ", " : "") + list[i].dump();
  return list.size() > 16 ? fmt::format("{} and {} more", text, list.size() - 16) : text;
}

std::string ids(const json& list) {
  std::string text;
  for (const auto& one : list) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", one.at("id").dump(), one.at("count").dump());
  }
  return text;
}

namespace {

std::string directions(const json& set) {
  const auto& rank = set.at("rank");
  const auto& dimensions = set.at("dimensions");
  return (rank == 1 ? std::string("a direction") : rank.dump() + " directions") +
         (dimensions.empty() ? "" : fmt::format(" in {} channels", dimensions.size()));
}

}  // namespace

std::string signals(const json& sets) {
  std::string text;
  for (const auto& set : sets) {
    const auto& dimensions = set.at("dimensions");
    text += (text.empty() ? "" : "; ") +
            (!set.at("directions").get<bool>()
                 ? fmt::format("{} {}", dimensions.size() == 1 ? "channel" : "channels", channels(dimensions))
                 : directions(set));
  }
  return text;
}

}  // namespace sinkscope::experiments::identification
