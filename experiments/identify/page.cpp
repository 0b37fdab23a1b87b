#include "experiments/identify/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string by_layer(const json& results) {
  const auto& attention = results.at("sink_baseline").at("mean_attention");
  std::string text = "\nAttention by layer, to token 0 and to an ordinary token\n\n";
  for (size_t layer = 0; layer < attention.at("first").size(); ++layer) {
    text += fmt::format("  layer {:2}: {} and {}\n", layer, number(attention.at("first")[layer]),
                        number(attention.at("ordinary")[layer]));
  }
  return text + fmt::format(
                    "\nWhat would overturn this\n\n- Samples of another kind in which a layer has a sink.\n\n"
                    "Definitions\n\n- Sink: {}.\n- Values are means over all samples.\n",
                    text_at(results.at("sink_baseline"), "sink_layer_rule"));
}

constexpr char kOverturn[] =
    "\nWhat would overturn this\n\n"
    "- An earlier candidate that meets every condition.\n"
    "- Samples of another kind in which a condition fails.\n"
    "- A signal that no few directions of the residual hold. This test looks for at most 8 at a time.\n";

/// Whether some stage has a sink to explain.
bool asks(const json& stages) {
  return std::any_of(stages.begin(), stages.end(),
                     [](const json& stage) { return stage.at("verdict").at("kind") != "no sink"; });
}

std::string answers(const json& results) {
  std::string kinds;
  for (const auto& stage : results.at("stages")) {
    kinds += (kinds.empty() ? "" : "; ") + text_at(stage.at("verdict"), "kind");
  }
  return fmt::format("Answer: {}\n{}", kinds.empty() ? "no sink" : kinds, text_at(results, "statement"));
}

/// "a direction 3": by answer how often.
std::string times(const json& answers) {
  std::string text;
  for (const auto& [answer, count] : answers.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", answer, count.dump());
  }
  return text.empty() ? "none" : text;
}

/// Of several draws.
std::string agreement(const json& results) {
  if (results.at("draws").size() < 2) return {};
  auto text = fmt::format("\nIn {} draws of samples\n\n", results.at("draws").size());
  for (const auto& row : results.at("agreement")) {
    text += fmt::format("  the sink of layers {} to {}: {}; signal at {}", row.at("first").dump(),
                        row.at("last").dump(), times(row.at("kinds")), times(row.at("sites")));
    for (const auto& link : row.at("needed")) {
      text += fmt::format("; needs the signal of stage {}: {}", link.at("stage").dump(), times(link.at("answers")));
    }
    text += "\n";
  }
  return text;
}

std::string detail(const json& stage) {
  auto text = fmt::format("\n\nThe sink of layers {} to {}, read in layer {}\n", stage.at("first").dump(),
                          stage.at("last").dump(), stage.at("layer").dump());
  if (stage.at("verdict").at("kind") == "no sink") return text + text_at(stage.at("verdict"), "statement") + "\n";
  text += sink_section(stage);
  for (size_t i = 0; i < stage.at("candidates").size(); ++i) text += candidate_section(stage, i);
  return text + composition(stage) + later_sinks_section(stage) + "\nAlso measured\n\n" + beside(stage);
}

}  // namespace

std::filesystem::path page_file(const std::filesystem::path& out) {
  return std::filesystem::path(out).replace_extension(".txt");
}

std::string page(const json& results, const std::string& model, const std::string& measured) {
  const auto& stages = results.at("stages");
  auto text = fmt::format("What tells {} which token is first?\n\n{}\n\n{}\n", model, answers(results), measured);
  text += agreement(results);
  if (!asks(stages)) return text + by_layer(results);
  for (const auto& stage : stages) text += chain_section(stage);
  text += massive_section(results.at("massive_writes"));
  for (const auto& stage : stages) text += detail(stage);
  return text + kOverturn + definitions(stages);
}

}  // namespace sinkscope::experiments::identification
