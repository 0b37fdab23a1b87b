// The page on the unedited sink and where the residual holds its signal.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string massive_activation(const json& stage) {
  const auto& massive = stage.at("massive_activation");
  if (massive.is_null())
    return "- No block between this sink and what comes before it writes a massive activation at token 0.\n";
  const auto& dimensions = massive.at("dimensions");
  return fmt::format(
      "- Massive activation: {} writes it, with norm {} at token 0 and {} at other tokens. Largest of the {} "
      "dimensions "
      "that hold 99 % of it: {}.\n",
      text_at(massive, "site"), number(massive.at("norm")), number(massive.at("norm_at_others")),
      massive.at("holding_99_percent").dump(), channels(dimensions));
}

/// The unedited levels, of the half that tests.
std::string levels(const json& stage) {
  if (stage.at("trials").empty()) return {};
  const auto& trial = stage.at("trials")[0];
  const auto& tracked = trial.at("mean_attention");
  return fmt::format("- Attention in layer {}, unedited: {} to token 0, {} to token {}, {} to an ordinary token.\n",
                     stage.at("layer").dump(), number(tracked[0].at("unedited")), number(tracked[1].at("unedited")),
                     tracked[1].at("token").dump(), number(trial.at("ordinary").at("unedited")));
}

std::string blocks(const json& stage) {
  std::string needed;
  for (const auto& block : stage.at("blocks")) {
    if (block.at("ends_sink").get<bool>()) needed += (needed.empty() ? "" : ", ") + text_at(block, "site");
  }
  return fmt::format("- Block outputs that the sink needs: {}.\n", needed.empty() ? "none by itself" : needed);
}

std::string found_at(const json& site) {
  if (!site.at("sufficient").empty()) return signals(site.at("sufficient"));
  if (site.at("level_suffices").get<bool>()) return "a fixed level makes a sink, no smaller set found";
  if (site.at("own_suffices").get<bool>()) return "each sample's own row makes a sink, no fixed level does";
  return "no sink";
}

std::string sites(const json& stage) {
  static constexpr char kRow[] = "{:<26} {:<17} {:<17} {:<17} {}\n";
  const auto token = stage.at("self_only").at("token").dump();
  auto text = "\nWhere the residual holds it\n\n" +
              fmt::format("Each cell: attention to token 0, attention to token {}.\n", token) +
              fmt::format(kRow, "residual", "own row written", "mean row written", "removed", "signal found");
  for (const auto& site : stage.at("sites")) {
    const auto both = [&](const char* which) {
      const auto& level = site.at("levels").at(which);
      return fmt::format("{}, {}", number(level.at("first")), number(level.at("later")));
    };
    text += fmt::format(kRow, text_at(site, "site"), both("own"), both("whole"), both("removed"), found_at(site));
  }
  return text;
}

}  // namespace

std::string sink_section(const json& stage) {
  return "\nThe sink\n\n" + levels(stage) + massive_activation(stage) + blocks(stage) + sites(stage);
}

}  // namespace sinkscope::experiments::identification
