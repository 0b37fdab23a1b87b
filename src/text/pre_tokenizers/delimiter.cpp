#include <nlohmann/json.hpp>

#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {

std::unique_ptr<PreTokenizer> delimiter(const nlohmann::json& part) {
  return splitter(string_pattern(part.at("delimiter").get<std::string>()), Behavior::removed);
}

}  // namespace sinkscope::text::pre_tokenizers
