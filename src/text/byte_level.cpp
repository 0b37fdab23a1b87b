#include "text/byte_level.h"

#include <array>

#include "text/code_points.h"

namespace sinkscope::text {
namespace {

/// Printable bytes stand for themselves; the others get the characters from U+0100 on, in order.
std::array<char32_t, 256> make_symbols() {
  std::array<char32_t, 256> symbols{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    symbols[byte] = printable ? byte : next++;
  }
  return symbols;
}

const std::array<char32_t, 256>& symbols() {
  static const auto table = make_symbols();
  return table;
}

constexpr size_t kSymbols = 0x100 + 68;  // one past the largest: 68 bytes are not printable

const std::array<int, kSymbols>& bytes() {
  static const auto table = [] {
    std::array<int, kSymbols> inverse{};
    inverse.fill(-1);
    for (size_t byte = 0; byte < 256; ++byte) inverse[symbols()[byte]] = static_cast<int>(byte);
    return inverse;
  }();
  return table;
}

}  // namespace

std::optional<std::string> bytes_of_symbols(std::string_view utf8) {
  std::string found;
  for (const char32_t c : decode_utf8(utf8).characters) {
    if (c >= kSymbols || bytes()[c] < 0) return std::nullopt;
    found += static_cast<char>(bytes()[c]);
  }
  return found;
}

std::string symbols_of_bytes(std::string_view bytes) {
  std::string spelled;
  spelled.reserve(bytes.size());
  for (const char byte : bytes) spelled += symbol_of_byte(static_cast<unsigned char>(byte));
  return spelled;
}

const std::string& symbol_of_byte(unsigned char byte) {
  static const auto table = [] {
    std::array<std::string, 256> spelled;
    for (size_t i = 0; i < 256; ++i) append_utf8(spelled[i], symbols()[i]);
    return spelled;
  }();
  return table[byte];
}

}  // namespace sinkscope::text
