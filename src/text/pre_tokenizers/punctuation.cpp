#include <nlohmann/json.hpp>

#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {

std::unique_ptr<PreTokenizer> punctuation(const nlohmann::json& part) {
  return splitter(character_pattern(is_punctuation), read_behavior(part.value("behavior", "Isolated")));
}

}  // namespace sinkscope::text::pre_tokenizers
