#include "text/tokenizer_parts.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/code_points.h"
#include "text/unsupported.h"

namespace sinkscope::text {

using nlohmann::json;

constexpr int64_t kLargestId = 1 << 24;
constexpr char32_t kReplacement = 0xFFFD;

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

int64_t read_id(const json& value, const std::string& token) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > kLargestId) {
    throw InputError(fmt::format("token '{}': expected an id from 0 to {}, found {}", token, kLargestId, value.dump()));
  }
  return value.get<int64_t>();
}

AddedToken read_added_token(const json& value) {
  AddedToken token;
  token.content = value.at("content").get<std::string>();
  if (token.content.empty()) throw InputError("an added token is empty");
  token.single_word = value.value("single_word", false);
  token.lstrip = value.value("lstrip", false);
  token.rstrip = value.value("rstrip", false);
  token.special = value.value("special", false);
  token.normalized = value.value("normalized", !token.special);
  return token;
}

std::string type_of(const json& part) {
  return part.is_object() ? part.value("type", "") : "";
}

void unsupported(const std::string& what, const json& value) {
  throw InputError(
      fmt::format("{} is not supported: {}; the kinds that are stand in docs/tokenizers.md, and text that "
                  "the model's own tokenizer has turned into ids can be given by --tokens",
                  what, value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 120)));
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

void naming(const std::filesystem::path& file, const std::function<void()>& read) {
  try {
    read();
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", file.string(), e.what()));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", file.string(), e.what()));
  }
}

}  // namespace sinkscope::text
