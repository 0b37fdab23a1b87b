// The page on the blocks that write or take away the massive activation.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {

using nlohmann::json;

namespace {

std::string row(const json& one) {
  const auto& residual = one.at("residual");
  const auto& later = one.at("later_tokens");
  const bool alone = one.at("at") == "later tokens";
  const auto found = ids(later.at("ids"));
  return fmt::format("  {:<24} {:<8} norm of the residual {} -> {}{}; at {:.2g} % of later tokens{}{}\n",
                     text_at(one, "site"), text_at(one, "does"), number(residual.at("before")),
                     number(residual.at("after")), alone ? " there" : "", 100 * later.at("share").get<double>(),
                     alone ? ", not at token 0" : " too", found.empty() ? "" : ", ids (times): " + found);
}

}  // namespace

std::string massive_section(const json& writes) {
  if (writes.empty()) return "\nNo block makes the residual massive or takes that away.\n";
  std::string text =
      "\nBlocks that make token 0's residual massive, or that of later tokens alone, or take that away\n\n";
  for (const auto& one : writes) text += row(one);
  return text;
}

}  // namespace sinkscope::experiments::identification
