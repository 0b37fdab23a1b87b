#include "text/patterns/scanners.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace sinkscope::text {
namespace {

using nlohmann::json;
using Pieces = std::vector<std::string>;

Pieces split_with(const Pattern& pattern, const std::string& text) {
  Pieces pieces;
  pattern(text, [&](const Span& span) { pieces.push_back(text.substr(span.begin, span.end - span.begin)); });
  return pieces;
}

TEST(Scanners, ValuesOfTheReferencePage) {
  const auto split = [](const std::string& text) { return split_with(scanner_of(kQwenPattern), text); };
  EXPECT_EQ(split("I'M he'Ll it's 12345"),
            (Pieces{"I", "'M", " he", "'Ll", " it", "'s", " ", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(split("a  b   \n\n  c"), (Pieces{"a", " ", " b", "   \n\n", " ", " c"}));
  EXPECT_EQ(split("don’t"), (Pieces{"don", "’t"}));
  EXPECT_EQ(split("foo\u00a0bar"), (Pieces{"foo", "\u00a0bar"}));
  EXPECT_EQ(split("a\n b"), (Pieces{"a", "\n", " b"}));
  EXPECT_EQ(split("foo \u180ebar"), (Pieces{"foo", " \u180e", "bar"}));
  EXPECT_EQ(split_with(scanner_of(kLlama3Pattern), "it 12345678½"), (Pieces{"it", " ", "123", "456", "78½"}));
}

TEST(Scanners, AgreeWithTheRegularExpressions) {
  std::mt19937 draw(5);
  const std::u32string alphabet =
      U"ab'sStlLdrveEm \n\r\t019.,!{<\u017F\u00A0\u3000\u0301\u4E2D\u180E\U0001F600\u0915\u094D";
  std::vector<std::pair<Pattern, Pattern>> by_scanner_and_regex;
  for (const auto* pattern : {kQwenPattern, kLlama3Pattern, kGpt2Pattern})
    by_scanner_and_regex.emplace_back(scanner_of(pattern), regex_pattern(pattern));
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int n = static_cast<int>(draw() % 14); n >= 0; --n) {
      const char32_t c = alphabet[draw() % alphabet.size()];
      if (c < 0x80)
        text += static_cast<char>(c);
      else if (c < 0x800)
        text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
      else if (c < 0x10000)
        text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                 static_cast<char>(0x80 | (c & 63))};
      else
        text += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                 static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    for (const auto& [scanner, regex] : by_scanner_and_regex)
      ASSERT_EQ(split_with(scanner, text), split_with(regex, text)) << json(text).dump();
  }
}

}  // namespace
}  // namespace sinkscope::text
