#include "text/pre_tokenizers/pre_tokenizer.h"

#include <map>
#include <nlohmann/json.hpp>

#include "text/unsupported.h"

namespace sinkscope::text {

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const nlohmann::json& part, Spelling spelling) {
  using Make = std::unique_ptr<PreTokenizer> (*)(const nlohmann::json&);
  static const std::map<std::string, Make> kinds = {
      {"BertPreTokenizer", pre_tokenizers::bert},
      {"CharDelimiterSplit", pre_tokenizers::delimiter},
      {"Digits", pre_tokenizers::digits},
      {"FixedLength", pre_tokenizers::fixed_length},
      {"Metaspace", pre_tokenizers::metaspace},
      {"Punctuation", pre_tokenizers::punctuation},
      {"Split", pre_tokenizers::split},
      {"Whitespace", pre_tokenizers::whitespace},
      {"WhitespaceSplit", pre_tokenizers::whitespace_split},
  };
  if (part.is_null()) return nullptr;
  const auto type = type_of(part);
  if (type == "ByteLevel") return pre_tokenizers::byte_level(part, spelling);
  if (type == "Sequence") return pre_tokenizers::sequence(part, spelling);
  const auto kind = kinds.find(type);
  if (kind == kinds.end()) unsupported("pre-tokenizer", part);
  return kind->second(part);
}

bool ends_in_byte_level(const nlohmann::json& pre_tokenizer) {
  const auto type = type_of(pre_tokenizer);
  if (type != "Sequence") return type == "ByteLevel";
  const auto& parts = pre_tokenizer.at("pretokenizers");
  return !parts.empty() && ends_in_byte_level(parts.back());
}

}  // namespace sinkscope::text
