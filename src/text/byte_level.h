#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sinkscope::text {

/// GPT-2's alphabet: each of the 256 bytes has a printable character, and vocabularies spell tokens in them.
/// The bytes of a token so spelled; none where a character is not of the alphabet.
std::optional<std::string> bytes_of_symbols(std::string_view utf8);

/// Bytes spelled so.
std::string symbols_of_bytes(std::string_view bytes);

/// The character of one byte, in UTF-8.
const std::string& symbol_of_byte(unsigned char byte);

}  // namespace sinkscope::text
