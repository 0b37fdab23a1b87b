#include "sinkscope/spelling/int_list.h"

#include <fmt/format.h>

#include <charconv>

#include "sinkscope/error.h"

namespace sinkscope {

int64_t parse_int(std::string_view text, std::string_view what) {
  int64_t value = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || after != text.data() + text.size()) {
    throw InputError(fmt::format("{}: '{}' is not a whole number", what, text));
  }
  return value;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::vector<int64_t> parse_int_list(std::string_view text, std::string_view what) {
  constexpr int64_t kLargest = 1 << 24;  // more numbers than any list here can name
  std::vector<int64_t> numbers;
  for (const auto& part : split(text, ',')) {
    const size_t dash = part.find('-', 1);
    const int64_t first = parse_int(part.substr(0, dash), what);
    const int64_t last = dash == std::string::npos ? first : parse_int(part.substr(dash + 1), what);
    if (last < first) throw InputError(fmt::format("{}: the range '{}' runs backwards", what, part));
    if (last - first >= kLargest) throw InputError(fmt::format("{}: the range '{}' is too long", what, part));
    for (int64_t number = first; number <= last; ++number) numbers.push_back(number);
  }
  if (numbers.empty()) throw InputError(fmt::format("{}: the list is empty; expected numbers such as 0,2,5-8", what));
  return numbers;
}

std::string spell(const std::vector<int64_t>& sorted) {
  std::string text;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i;
    while (end + 1 < sorted.size() && sorted[end + 1] == sorted[end] + 1) ++end;
    if (!text.empty()) text += ',';
    text += end == i ? fmt::format("{}", sorted[i]) : fmt::format("{}-{}", sorted[i], sorted[end]);
    i = end + 1;
  }
  return text;
}

}  // namespace sinkscope
