#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {

std::unique_ptr<PreTokenizer> whitespace_split(const nlohmann::json&) {
  return splitter(character_pattern(is_white_space), Behavior::removed);
}

}  // namespace sinkscope::text::pre_tokenizers
