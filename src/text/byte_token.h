#pragma once

#include <optional>
#include <string_view>

namespace sinkscope::text {

/// The byte of a token <0x00> to <0xFF>, which stand for bytes of characters that the vocabulary lacks.
std::optional<char> byte_of_token(std::string_view token);

}  // namespace sinkscope::text
