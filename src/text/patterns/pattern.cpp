#include "text/patterns/pattern.h"

#include <nlohmann/json.hpp>

#include "text/code_points.h"
#include "text/patterns/scanners.h"

namespace sinkscope::text {

Pattern string_pattern(const std::string& text) {
  if (text.empty()) return regex_pattern("");  // matches between characters
  return [text](std::string_view utf8, const SpanSink& span) {
    size_t done = 0;
    for (size_t at; (at = utf8.find(text, done)) != std::string_view::npos; done = at + text.size()) {
      if (at > done) span({done, at, false});
      span({at, at + text.size(), true});
    }
    if (done < utf8.size()) span({done, utf8.size(), false});
  };
}

Pattern character_pattern(bool (*matches)(char32_t)) {
  return [matches](std::string_view utf8, const SpanSink& span) {
    size_t done = 0;
    for (size_t at = 0; at < utf8.size();) {
      const size_t start = at;
      if (!matches(next_character(utf8, at))) continue;
      if (start > done) span({done, start, false});
      span({start, at, true});
      done = at;
    }
    if (done < utf8.size()) span({done, utf8.size(), false});
  };
}

Pattern inverted(Pattern pattern) {
  return [pattern = std::move(pattern)](std::string_view utf8, const SpanSink& span) {
    pattern(utf8, [&](const Span& found) { span({found.begin, found.end, !found.is_match}); });
  };
}

Pattern read_pattern(const nlohmann::json& pattern) {
  if (pattern.contains("String")) return string_pattern(pattern["String"].get<std::string>());
  const auto regex = pattern.at("Regex").get<std::string>();
  if (auto scanner = scanner_of(regex)) return scanner;
  return regex_pattern(regex);
}

}  // namespace sinkscope::text
