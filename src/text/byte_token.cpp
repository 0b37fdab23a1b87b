#include "text/byte_token.h"

#include <charconv>

namespace sinkscope::text {

std::optional<char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  const size_t sign = token[3] == '+' ? 1 : 0;  // the package reads "<0x+A>" as a number too
  unsigned value = 0;
  const auto* end = token.data() + 5;
  const auto read = std::from_chars(token.data() + 3 + sign, end, value, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace sinkscope::text
