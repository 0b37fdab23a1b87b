#pragma once

#include <string>
#include <string_view>

namespace sinkscope::text {

/// The kind of a token for figures: special, CJK, Latin, digit, punctuation, code, whitespace or other.
/// By the token's characters without leading spaces: all whitespace; all digits; any CJK; all letters of Latin script;
/// all punctuation or symbols: `code` where one of {}[]()<>=_\/;$#@&|^~`*+ is among them, else punctuation.
std::string token_kind(std::string_view bytes, bool is_special);

}  // namespace sinkscope::text
