#include <nlohmann/json.hpp>

#include "text/post_processors/post_processor.h"
#include "text/unsupported.h"

namespace sinkscope::text::post_processors {

/// One part that adds tokens, and others that do not; what two of them give is not settled in the package either.
SpecialTokens sequence(const nlohmann::json& part) {
  SpecialTokens all;
  const auto adds = [](const SpecialTokens& tokens) { return !tokens.before.empty() || !tokens.after.empty(); };
  for (const auto& value : part.at("processors")) {
    const auto found = read_post_processor(value);
    if (adds(found) && adds(all)) unsupported("a sequence of post-processors that each add tokens", part);
    if (adds(found)) all = found;
  }
  return all;
}

}  // namespace sinkscope::text::post_processors
