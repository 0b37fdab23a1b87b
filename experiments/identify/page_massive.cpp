// The page on the blocks that write or take away the massive activation.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {

using nlohmann::json;

std::string massive_section(const json& writes) {
  if (writes.empty()) return "\nNo block makes token 0's residual massive or takes that away.\n";
  std::string text = "\nBlocks that make token 0's residual massive, or take that away\n\n";
  for (const auto& one : writes) {
    const auto& residual = one.at("residual");
    const auto& later = one.at("later_tokens");
    const auto found = ids(later.at("ids"));
    text += fmt::format("  {:<24} {:<8} norm of the residual {} -> {}; at {:.2g} % of later tokens too{}\n",
                        text_at(one, "site"), text_at(one, "does"), number(residual.at("before")),
                        number(residual.at("after")), 100 * later.at("share").get<double>(),
                        found.empty() ? "" : ", ids (times): " + found);
  }
  return text;
}

}  // namespace sinkscope::experiments::identification
