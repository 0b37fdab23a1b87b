// The page on tokens that are sinks without being first.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

std::string blocks(const json& runs) {
  std::string text;
  for (const auto& run : runs) {
    text += fmt::format("{}blocks {} to {} ({})", text.empty() ? "" : ", ", run.at("first").dump(),
                        run.at("last").dump(), run.at("count").dump());
  }
  return text.empty() ? text : ": " + text;
}

std::string which(const json& found) {
  const auto& got = found.at("attention");
  return fmt::format(
      "- {} of {} later tokens; ids (times): {}.\n"
      "- They get {}, token 0 {} from the same queries, other later tokens {}.\n"
      "- Later tokens like token 0 by their cosine: {}{}; that get half of what it gets: {}; both: {}.\n",
      found.at("sinks").dump(), found.at("tokens").dump(), ids(found.at("ids")), interval(got.at("sinks")),
      interval(got.at("first")), interval(got.at("others")), found.at("by_cosine").dump(), blocks(found.at("runs")),
      found.at("by_attention").dump(), found.at("by_both").dump());
}

std::string carried(const json& one) {
  const auto& random = one.at("random");
  return fmt::format(
      "  {:<26} needed: {}; share of the way to token 0's {}; attention {} -> {} without it, others then {}; {} of {} "
      "random moves end it\n",
      text_at(one, "site"), text_at(one, "needed"), interval(one.at("share_of_way")),
      number(one.at("attention").at("unedited").at("sinks").at("mean")),
      interval(one.at("attention").at("edited").at("sinks")),
      number(one.at("attention").at("edited").at("others").at("mean")), random.at("ended").dump(),
      random.at("moves").dump());
}

/// `what`: that they are asked about.
std::string answer(const json& found, const std::string& what) {
  const auto same = text_at(found, "same_signal");
  const auto text =
      fmt::format(fmt::runtime(same == "yes"       ? "- They carry {}.\n"
                               : same == "no"      ? "- They do NOT carry {}.\n"
                               : same == "in part" ? "- They rest in part on {}.\n"
                                                   : "- These samples do not tell whether they carry {}.\n"),
                  what);
  if (found.at("from").is_null())
    return text + "- At no site is it certain that they end without what token 0 has there.\n";
  return same == "yes" ? text
                       : fmt::format("{}- They need what token 0 has from {} on.\n", text, text_at(found, "from"));
}

}  // namespace

std::string later_sinks_section(const json& stage) {
  const auto& found = stage.at("later_sinks");
  std::string text = "\nSinks that are not first\n\n";
  if (found.at("sinks") == 0) return text + "- No token after the first is a sink here.\n";
  text += which(found);
  if (!found.at("not_asked").is_null()) return text + fmt::format("- Not asked: {}.\n", text_at(found, "not_asked"));
  const auto& signal = stage.at("verdict").at("signal");
  text += answer(found, signal.is_null() ? "what the first open candidate holds at token 0, which may be its signal"
                                         : "the same signal as token 0");
  for (const auto& one : found.at("carries")) text += carried(one);
  return text;
}

}  // namespace sinkscope::experiments::identification
