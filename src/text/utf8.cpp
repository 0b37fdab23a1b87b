#include "sinkscope/text/utf8.h"

#include <unicode/utf8.h>

#include <cstdint>

namespace sinkscope::text {

std::optional<size_t> first_invalid_utf8(std::string_view bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto length = static_cast<int64_t>(bytes.size());
  for (int64_t at = 0; at < length;) {
    const int64_t start = at;
    UChar32 code_point;
    U8_NEXT(data, at, length, code_point);
    if (code_point < 0) return static_cast<size_t>(start);
  }
  return std::nullopt;
}

}  // namespace sinkscope::text
