#include "text/token_bytes.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "text/byte_level.h"
#include "text/byte_token.h"
#include "text/replace_all.h"
#include "text/unsupported.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

void each_part(const json& decoder, const std::function<void(const json&)>& part) {
  if (type_of(decoder) != "Sequence") return part(decoder);
  for (const auto& inner : decoder.at("decoders")) each_part(inner, part);
}

}  // namespace

TokenBytes::TokenBytes(const json& tokenizer) {
  each_part(tokenizer.value("decoder", json()), [&](const json& part) {
    const auto type = type_of(part);
    has_symbols_ |= type == "ByteLevel";
    has_byte_tokens_ |= type == "ByteFallback";
    if (type == "Metaspace") space_ = part.at("replacement").get<std::string>();
    if (type == "Replace" && part.at("content") == " " && part.at("pattern").contains("String"))
      space_ = part["pattern"]["String"].get<std::string>();
  });
}

std::string TokenBytes::operator()(const std::string& token) const {
  if (has_symbols_) return bytes_of_symbols(token).value_or(token);
  if (has_byte_tokens_) {
    if (const auto byte = byte_of_token(token)) return {*byte};
  }
  return space_.empty() ? token : replace_all(token, space_, " ");
}

}  // namespace sinkscope::text
