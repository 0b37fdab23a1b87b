#include "text/code_points.h"

#include <unicode/utf8.h>

#include <algorithm>

#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

/// Two bits of Kind, then one a question.
constexpr uint8_t kKind = 3, kIsWord = 4, kIsNumeric = 8, kIsPunctuation = 16, kIsAccent = 32;

using Properties = std::vector<uint8_t>;

Properties make_properties() {
  Properties table(0x110000, 0);
  const auto mark = [&](const auto& range, uint8_t bits) {
    for (char32_t c = range.first; c <= range.last; ++c) table[c] |= bits;
  };
  for (const auto& range : kCategories) {
    if (range.category <= Category::Lo && range.category >= Category::Lu)
      mark(range, static_cast<uint8_t>(Kind::letter));
    else if (range.category >= Category::Nd && range.category <= Category::No)
      mark(range, static_cast<uint8_t>(Kind::number));
  }
  for (const auto& range : kWhiteSpace) mark(range, static_cast<uint8_t>(Kind::space));
  for (const auto& range : kWord) mark(range, kIsWord);
  for (const auto& range : kNumeric) mark(range, kIsNumeric);
  for (const auto& range : kPunctuation) mark(range, kIsPunctuation);
  for (const auto& range : kAccents) mark(range, kIsAccent);
  return table;
}

uint8_t properties_of(char32_t c) {
  static const Properties table = make_properties();
  return table[c];
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = [] {
    std::vector<Kind> found(0x110000);
    for (char32_t c = 0; c < found.size(); ++c) found[c] = kind_of(c);
    return found;
  }();
  return table;
}

Kind kind_of(char32_t c) {
  return static_cast<Kind>(properties_of(c) & kKind);
}

bool is_white_space(char32_t c) {
  return kind_of(c) == Kind::space;
}

bool is_word(char32_t c) {
  return (properties_of(c) & kIsWord) != 0;
}

bool is_numeric(char32_t c) {
  return (properties_of(c) & kIsNumeric) != 0;
}

bool is_punctuation(char32_t c) {
  return (properties_of(c) & kIsPunctuation) != 0;
}

bool is_accent(char32_t c) {
  return (properties_of(c) & kIsAccent) != 0;
}

std::u32string lowercase(char32_t c) {
  if (c == 0x130) return U"i\u0307";
  const auto after = std::upper_bound(std::begin(kLowercase), std::end(kLowercase), c,
                                      [](char32_t value, const LowercaseRun& run) { return value < run.first; });
  if (after == std::begin(kLowercase)) return {c};
  const auto& run = *std::prev(after);
  if (c > run.last || (c - run.first) % run.step != 0) return {c};
  return {static_cast<char32_t>(static_cast<int32_t>(c) + run.offset)};
}

CodePoints decode_utf8(std::string_view utf8) {
  CodePoints decoded;
  decoded.characters.resize(utf8.size());
  decoded.offsets.resize(utf8.size() + 1);
  size_t count = 0;
  for (size_t at = 0; at < utf8.size(); ++count) {
    decoded.offsets[count] = static_cast<uint32_t>(at);
    const auto byte = static_cast<unsigned char>(utf8[at]);
    decoded.characters[count] = byte < 0x80 ? (++at, byte) : next_character(utf8, at);
  }
  decoded.offsets[count] = static_cast<uint32_t>(utf8.size());
  decoded.characters.resize(count);
  decoded.offsets.resize(count + 1);
  return decoded;
}

char32_t next_character(std::string_view utf8, size_t& at) {
  UChar32 c;
  U8_NEXT_UNSAFE(reinterpret_cast<const uint8_t*>(utf8.data()), at, c);
  return static_cast<char32_t>(c);
}

char32_t previous_character(std::string_view utf8, size_t& at) {
  UChar32 c;
  U8_PREV_UNSAFE(reinterpret_cast<const uint8_t*>(utf8.data()), at, c);
  return static_cast<char32_t>(c);
}

void append_utf8(std::string& to, char32_t c) {
  uint8_t bytes[4];
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(c));
  to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

}  // namespace sinkscope::text
