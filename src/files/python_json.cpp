#include "sinkscope/files/python_json.h"

#include <nlohmann/json.hpp>
#include <string>

namespace sinkscope::files {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The end of the number that begins at `at`; `at` where none does. -?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?
size_t number_end(std::string_view text, size_t at) {
  const auto digits = [&](size_t from) {
    while (from < text.size() && is_digit(text[from])) ++from;
    return from;
  };
  size_t first = at + (at < text.size() && text[at] == '-');
  size_t end = first < text.size() && text[first] == '0' ? first + 1 : digits(first);
  if (end == first) return at;
  if (end < text.size() && text[end] == '.' && digits(end + 1) > end + 1) end = digits(end + 1);
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const size_t sign = end + 1 < text.size() && (text[end + 1] == '-' || text[end + 1] == '+') ? end + 2 : end + 1;
    if (digits(sign) > sign) end = digits(sign);
  }
  return end;
}

/// The code unit of a \uXXXX at `at`, or -1.
int unit_at(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const int digit = is_digit(c)              ? c - '0'
                      : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                      : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                               : -1;
    if (digit < 0) return -1;
    unit = 16 * unit + digit;
  }
  return unit;
}

bool is_high(int unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low(int unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

/// The escape at `at` of a string, its lone surrogate replaced; moves past it.
std::string escape(std::string_view text, size_t& at, std::string_view surrogate) {
  const int unit = unit_at(text, at);
  const bool pair = is_high(unit) && is_low(unit_at(text, at + 6));
  const size_t length = std::min<size_t>(pair ? 12 : unit >= 0 ? 6 : 2, text.size() - at);
  const auto given = text.substr(at, length);
  at += length;
  return !pair && (is_high(unit) || is_low(unit)) ? "\\u" + std::string(surrogate) : std::string(given);
}

/// JSON of the standard, with what Python takes beyond it replaced.
std::string standard(std::string_view text, std::string_view surrogate) {
  std::string out;
  bool in_string = false;
  for (size_t at = 0; at < text.size();) {
    if (in_string && text[at] == '\\') {
      out += escape(text, at, surrogate);
      continue;
    }
    if (text[at] == '"') in_string = !in_string;
    if (!in_string) {
      const size_t end = number_end(text, at);
      size_t word = 0;
      for (const std::string_view name : {"NaN", "Infinity", "-Infinity"}) {
        if (text.substr(at).starts_with(name)) word = name.size();
      }
      if (end > at || word > 0) {
        out += word > 0 ? "null" : "0";
        at = word > 0 ? at + word : end;
        continue;
      }
    }
    out += text[at++];
  }
  return out;
}

}  // namespace

std::optional<nlohmann::json> parse_python_json(std::string_view text, std::string_view surrogate) {
  // The library passes over a byte order mark and ends at a zero byte; Python takes neither.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return std::nullopt;
  auto parsed = nlohmann::json::parse(standard(text, surrogate), nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

}  // namespace sinkscope::files
