#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sinkscope::text {

/// What a class of transformers 5.17 builds around the vocabulary and merges of a file, in the form of a tokenizer.json
/// without added tokens. `config` is tokenizer_config.json. Throws InputError for a class that is not known here.
nlohmann::json class_pipeline(const std::string& name, nlohmann::json file, const nlohmann::json& config);

/// The special tokens that the class has where tokenizer_config.json does not say: "bos_token" and so on.
nlohmann::json class_special_tokens(const std::string& name);

}  // namespace sinkscope::text
