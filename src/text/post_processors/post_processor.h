#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace sinkscope::text {

/// What a post-processor puts around a text.
struct SpecialTokens {
  std::vector<int64_t> before, after;
};

/// The post-processor of a tokenizer.json, for a single text. Throws InputError for a kind that is not supported.
SpecialTokens read_post_processor(const nlohmann::json& part);

/// One for each kind that adds tokens, each in a file of its name.
namespace post_processors {

SpecialTokens roberta(const nlohmann::json& part);  ///< and BertProcessing
SpecialTokens sequence(const nlohmann::json& part);
SpecialTokens template_processing(const nlohmann::json& part);

}  // namespace post_processors
}  // namespace sinkscope::text
