// The page on what was measured beside the candidates.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string suspects(const json& stage) {
  std::string text;
  for (const auto& suspect : stage.at("suspects")) {
    text += fmt::format(
        "- Channel {} at {} {} (effect size {}, AUC {}, p {}). Change of attention: written {}, removed {}.\n",
        suspect.at("dimension").dump(), text_at(suspect, "site"),
        text_at(suspect, "reading") == "undecided" ? "is undecided" : text_at(suspect, "reading"),
        number(suspect.at("effect_size")), number(suspect.at("auc")), number(suspect.at("p")),
        interval(suspect.at("written")), interval(suspect.at("removed")));
  }
  for (const auto& dormant : stage.at("dormant")) {
    text += fmt::format(
        "- DORMANT: channel {} makes a sink when moved by {}, but natural tokens move it by only {} of that, so it "
        "does not carry the signal.\n",
        dormant.at("dimension").dump(), number(dormant.at("moved_by")), number(dormant.at("natural_share")));
  }
  return text;
}

std::string backup(const json& found) {
  if (found.is_null() || !found.at("sink_stays").get<bool>()) return {};
  if (!found.at("flagged").get<bool>()) {
    return fmt::format(
        "- The sink does not need the massive activation named above: with its dimensions clamped, token 0 keeps {}.\n",
        interval(found.at("sink_left")));
  }
  std::string writers;
  for (const auto& block : found.at("blocks")) {
    writers += fmt::format("{}the MLP of layer {} (norm {}, before {})", writers.empty() ? "" : ", ",
                           block.at("layer").dump(), number(block.at("written")), number(block.at("without")));
  }
  return fmt::format(
      "- BACKUP: with the massive activation clamped the sink stays ({}), because another block then writes one: {}.\n",
      interval(found.at("sink_left")), writers);
}

}  // namespace

std::string beside(const json& stage) {
  const auto& alone = stage.at("self_only");
  const bool makes_sink = alone.at("makes_sink").get<bool>();
  auto text =
      fmt::format("- Token {} {} a sink when it sees only itself in layers 0 to {}.\n", alone.at("token").dump(),
                  makes_sink ? "becomes" : "does NOT become", alone.at("last_layer").dump());
  if (makes_sink) {
    const auto& one = stage.at("one_key");
    const auto by = text_at(one, "given_by");
    text += fmt::format("- {} A token that sees exactly one other key gets {}, one that sees only itself {}.\n",
                        by == "one key"  ? "Seeing one other key gives the signal, as seeing only itself does."
                        : by == "itself" ? "Seeing only itself gives the signal; seeing one other key does not."
                                         : "These samples do not tell whether one other key gives the signal too.",
                        interval(one.at("one_key")), interval(one.at("itself")));
  }
  return text + suspects(stage) + backup(stage.at("backup"));
}

}  // namespace sinkscope::experiments::identification
