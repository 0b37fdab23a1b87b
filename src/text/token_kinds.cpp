#include "sinkscope/text/token_kinds.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sinkscope::text {
namespace {

bool is_cjk(UChar32 c) {
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &error);
  return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
         script == USCRIPT_HANGUL || script == USCRIPT_BOPOMOFO;
}

bool is_latin(UChar32 c) {
  UErrorCode error = U_ZERO_ERROR;
  return u_isalpha(c) && uscript_getScript(c, &error) == USCRIPT_LATIN;
}

bool is_mark(UChar32 c) {
  return u_ispunct(c) || (U_GET_GC_MASK(c) & U_GC_S_MASK) != 0;
}

bool is_code(UChar32 c) {
  return c < 0x80 && std::string_view("{}[]()<>=_\\/;$#@&|^~`*+").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

std::string token_kind(std::string_view bytes, bool is_special) {
  if (is_special) return "special";
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  std::vector<UChar32> characters;
  for (int32_t at = 0, length = static_cast<int32_t>(bytes.size()); at < length;) {
    UChar32 c;
    U8_NEXT(data, at, length, c);
    if (c < 0) return "other";
    characters.push_back(c);
  }
  const auto first = std::find_if_not(characters.begin(), characters.end(), u_isUWhiteSpace);
  const std::vector<UChar32> rest(first, characters.end());
  const auto all = [&](auto f) { return std::all_of(rest.begin(), rest.end(), f); };
  if (rest.empty()) return "whitespace";
  if (std::any_of(rest.begin(), rest.end(), is_cjk)) return "CJK";
  if (all(u_isdigit)) return "digit";
  if (all(is_latin)) return "Latin";
  if (!all([](UChar32 c) { return is_mark(c) || u_isUWhiteSpace(c); })) return "other";
  return std::any_of(rest.begin(), rest.end(), is_code) ? "code" : "punctuation";
}

}  // namespace sinkscope::text
