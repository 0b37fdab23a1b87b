#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// What the split patterns ask of a character.
enum class Kind : uint8_t { other, letter, number, space };

/// By the tables of unicode_tables.h.
Kind kind_of(char32_t c);

/// Valid UTF-8 as code points, each with the byte that it starts at; one more offset for the end.
struct CodePoints {
  std::u32string characters;
  std::vector<uint32_t> offsets;
};
CodePoints decode_utf8(std::string_view utf8);

void append_utf8(std::string& to, char32_t c);

}  // namespace sinkscope::text
