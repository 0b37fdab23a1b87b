#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sinkscope::text {

/// A stretch of a text, in bytes: one that the pattern matched, or what lies between two of those.
struct Span {
  size_t begin, end;
  bool is_match;
};

using SpanSink = std::function<void(const Span&)>;

/// Cuts a text that is not empty into spans, in order, nothing lost.
using Pattern = std::function<void(std::string_view utf8, const SpanSink& span)>;

/// A regular expression of Oniguruma, as `tokenizers` has it, with the classes that depend on a Unicode version spelled
/// out by unicode_tables.h. Throws InputError for one that Oniguruma does not take, or for a class without a table.
Pattern regex_pattern(const std::string& regex);

/// A text, taken as it stands.
Pattern string_pattern(const std::string& text);

/// Every character for which this is true.
Pattern character_pattern(bool (*matches)(char32_t));

/// Matches become what lies between, and the other way around.
Pattern inverted(Pattern pattern);

/// {"String": ...} or {"Regex": ...} of a tokenizer.json; a known regular expression by a scanner of its own.
Pattern read_pattern(const nlohmann::json& pattern);

}  // namespace sinkscope::text
