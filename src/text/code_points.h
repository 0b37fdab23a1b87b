#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// What the split patterns ask of a character.
enum class Kind : uint8_t { other, letter, number, space };

/// By the tables of unicode_tables.h, as what follows.
Kind kind_of(char32_t c);

/// The same for every character, by its number: for loops that ask often.
const std::vector<Kind>& kinds();

bool is_white_space(char32_t c);
bool is_word(char32_t c);         ///< for added tokens and the pre-tokenizer Whitespace
bool is_numeric(char32_t c);      ///< for Digits
bool is_punctuation(char32_t c);  ///< for Punctuation
bool is_accent(char32_t c);       ///< for StripAccents

/// One character, or two for U+0130.
std::u32string lowercase(char32_t c);

/// Valid UTF-8 as code points, each with the byte that it starts at; one more offset for the end.
struct CodePoints {
  std::u32string characters;
  std::vector<uint32_t> offsets;
};
CodePoints decode_utf8(std::string_view utf8);

/// The character that begins at a byte of valid UTF-8; `at` moves behind it.
char32_t next_character(std::string_view utf8, size_t& at);

/// The character that ends before a byte; `at` moves to its beginning.
char32_t previous_character(std::string_view utf8, size_t& at);

void append_utf8(std::string& to, char32_t c);

}  // namespace sinkscope::text
