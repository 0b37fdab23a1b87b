#include <nlohmann/json.hpp>

#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {

std::unique_ptr<PreTokenizer> split(const nlohmann::json& part) {
  auto pattern = read_pattern(part.at("pattern"));
  if (part.at("invert").get<bool>()) pattern = inverted(std::move(pattern));
  return splitter(std::move(pattern), read_behavior(part.at("behavior")));
}

}  // namespace sinkscope::text::pre_tokenizers
