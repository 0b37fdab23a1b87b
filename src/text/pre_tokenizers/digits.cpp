#include <nlohmann/json.hpp>

#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {

std::unique_ptr<PreTokenizer> digits(const nlohmann::json& part) {
  const bool is_each = part.at("individual_digits").get<bool>();
  return splitter(character_pattern(is_numeric), is_each ? Behavior::isolated : Behavior::contiguous);
}

}  // namespace sinkscope::text::pre_tokenizers
