// The page on how each stage of the sink comes about, an arrow a line.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string mean(const json& interval) {
  return number(interval.at("mean"));
}

/// "0.45 -> 0.025 [0.02, 0.03] at token 0 without it; 0.03 -> 0.30 [0.28, 0.32] at token 8 with it"
std::string effects(const json& arrow, const std::string& token) {
  std::string text;
  if (const auto& removed = arrow.at("removed"); !removed.is_null()) {
    text = fmt::format("{} -> {} at token 0 without it", mean(removed.at("unedited")), interval(removed.at("edited")));
  }
  if (const auto& written = arrow.at("written"); !written.is_null()) {
    text += fmt::format("{}{} -> {} at token {} with it", text.empty() ? "" : "; ", mean(written.at("unedited")),
                        interval(written.at("edited")), token);
  }
  return text;
}

std::string earlier(const json& stage, const std::string& token) {
  std::string text;
  for (const auto& one : stage.at("earlier")) {
    const auto name = fmt::format("signal of stage {} ({}) -> sink", one.at("stage").dump(), text_at(one, "site"));
    text += fmt::format("  {:<46} needed: {}; attention {}\n", name, text_at(one, "needed"), effects(one, token));
  }
  return text;
}

/// Where the things between which the arrows go are.
std::string places(const json& stage) {
  const auto& signal = stage.at("verdict").at("signal");
  const auto& massive = stage.at("massive_activation");
  std::string text;
  if (!signal.is_null()) text += fmt::format("  the signal is at {}", text_at(signal, "site"));
  if (!massive.is_null()) {
    text +=
        fmt::format("{}the massive activation is written at {}", text.empty() ? "  " : "; ", text_at(massive, "site"));
  }
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string chain_section(const json& stage) {
  if (stage.at("verdict").at("kind") == "no sink") return {};
  const auto token = stage.at("self_only").at("token").dump();
  auto text = fmt::format("\nHow the sink of layers {} to {} comes about (attention in layer {})\n\n",
                          stage.at("first").dump(), stage.at("last").dump(), stage.at("layer").dump());
  text += places(stage);
  for (const auto& arrow : stage.at("chain")) {
    const auto name = fmt::format("{} -> {}", text_at(arrow, "from"), text_at(arrow, "to"));
    text += fmt::format("  {:<46} {} {}\n", name, text_at(arrow, "of"), effects(arrow, token));
  }
  return text + earlier(stage, token);
}

}  // namespace sinkscope::experiments::identification
