#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sinkscope::text {

/// Byte offset of the first byte that is not valid UTF-8 (overlong forms and surrogates included), if any.
std::optional<size_t> first_invalid_utf8(std::string_view bytes);

}  // namespace sinkscope::text
