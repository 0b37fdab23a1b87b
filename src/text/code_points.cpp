#include "text/code_points.h"

#include <unicode/utf8.h>

#include <memory>

#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

using KindTable = std::vector<Kind>;

KindTable make_table() {
  KindTable table(0x110000, Kind::other);
  const auto mark = [&](const auto& ranges, Kind kind) {
    for (const auto& range : ranges) std::fill(table.begin() + range.first, table.begin() + range.last + 1, kind);
  };
  mark(kLetters, Kind::letter);
  mark(kNumbers, Kind::number);
  mark(kWhiteSpace, Kind::space);
  return table;
}

}  // namespace

Kind kind_of(char32_t c) {
  static const KindTable table = make_table();
  return table[c];
}

CodePoints decode_utf8(std::string_view utf8) {
  CodePoints decoded;
  decoded.characters.reserve(utf8.size());
  decoded.offsets.reserve(utf8.size() + 1);
  const auto* data = reinterpret_cast<const uint8_t*>(utf8.data());
  for (size_t at = 0; at < utf8.size();) {
    decoded.offsets.push_back(static_cast<uint32_t>(at));
    UChar32 c;
    U8_NEXT_UNSAFE(data, at, c);
    decoded.characters.push_back(static_cast<char32_t>(c));
  }
  decoded.offsets.push_back(static_cast<uint32_t>(utf8.size()));
  return decoded;
}

void append_utf8(std::string& to, char32_t c) {
  uint8_t bytes[4];
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(c));
  to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

}  // namespace sinkscope::text
