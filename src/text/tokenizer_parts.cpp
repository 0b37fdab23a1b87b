#include "text/tokenizer_parts.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/code_points.h"

namespace sinkscope::text {

using nlohmann::json;

constexpr int64_t kLargestId = 1 << 24;
constexpr char32_t kReplacement = 0xFFFD;

namespace {

/// The BOS of a template that puts one special token, or none, before the text, and nothing after it.
std::optional<int64_t> read_template(const json& post_processor) {
  std::vector<std::string> before;
  bool seen_text = false;
  for (const auto& part : post_processor.at("single")) {
    const bool is_text = part.is_object() && part.contains("Sequence");
    if (seen_text || (!is_text && !before.empty())) unsupported("post-processor", post_processor["single"]);
    if (is_text)
      seen_text = true;
    else
      before.push_back(part.at("SpecialToken").at("id").get<std::string>());
  }
  if (!seen_text) unsupported("post-processor", post_processor["single"]);
  if (before.empty()) return std::nullopt;
  const auto& ids = post_processor.at("special_tokens").at(before[0]).at("ids");
  if (ids.size() != 1) unsupported("post-processor", ids);
  return read_id(ids[0], before[0]);
}

}  // namespace

void TokenTable::put(int64_t id, std::string value, bool is_special) {
  if (const auto size = static_cast<size_t>(id) + 1; has.size() < size) {
    bytes.resize(size);
    has.resize(size);
    special.resize(size);
  }
  bytes[id] = std::move(value);
  has[id] = true;
  special[id] = is_special;
}

bool is_type(const json& value, const char* type) {
  return value.is_object() && value.value("type", "") == type;
}

int64_t read_id(const json& value, const std::string& token) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > kLargestId) {
    throw InputError(fmt::format("token '{}': expected an id from 0 to {}, found {}", token, kLargestId, value.dump()));
  }
  return value.get<int64_t>();
}

std::optional<int64_t> read_bos(const json& post_processor) {
  if (post_processor.is_null() || is_type(post_processor, "ByteLevel")) return std::nullopt;
  if (is_type(post_processor, "TemplateProcessing")) return read_template(post_processor);
  if (!is_type(post_processor, "Sequence")) unsupported("post-processor", post_processor);
  std::optional<int64_t> bos;
  for (const auto& part : post_processor.at("processors")) {
    const auto found = read_bos(part);
    if (bos && found) unsupported("post-processor", post_processor);
    if (found) bos = found;
  }
  return bos;
}

AddedToken read_added_token(const json& value, const json& id) {
  AddedToken token;
  token.content = value.at("content").get<std::string>();
  if (token.content.empty()) throw InputError("an added token is empty");
  token.id = read_id(id, token.content);
  token.single_word = value.value("single_word", false);
  token.lstrip = value.value("lstrip", false);
  token.rstrip = value.value("rstrip", false);
  token.normalized = value.value("normalized", false);
  token.special = value.value("special", false);
  return token;
}

void unsupported(const std::string& what, const json& value) {
  throw InputError(fmt::format("{} is not supported: {}", what,
                               value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 120)));
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string valid;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  for (int32_t at = 0, size = static_cast<int32_t>(bytes.size()); at < size;) {
    UChar32 c;
    U8_NEXT(data, at, size, c);
    append_utf8(valid, c < 0 ? kReplacement : static_cast<char32_t>(c));
  }
  return valid;
}

}  // namespace sinkscope::text
