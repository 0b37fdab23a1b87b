#include "experiments/identify/page.h"

#include <fmt/format.h>

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
    "- A signal that is a pattern of each sample's own and no fixed level. This test does not look for one.\n";

}  // namespace

std::string page(const json& results, const std::string& model, const std::string& measured) {
  const auto& verdict = results.at("verdict");
  auto text = fmt::format("What tells {} which token is first?\n\nAnswer: {}\n{}\n\n{}\n", model,
                          text_at(verdict, "kind"), text_at(verdict, "statement"), measured);
  if (verdict.at("kind") == "no sink") return text + by_layer(results);
  text += sink_section(results);
  for (size_t i = 0; i < results.at("candidates").size(); ++i) text += candidate_section(results, i);
  text += composition(results);
  return text + "\nAlso measured\n\n" + beside(results) + kOverturn + definitions(results);
}

}  // namespace sinkscope::experiments::identification
