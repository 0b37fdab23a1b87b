#include <fmt/format.h>
#include <unicode/regex.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>

#include <memory>

#include "sinkscope/error.h"
#include "text/split.h"
#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

template <size_t N>
std::string set_of(const CodePointRange (&ranges)[N], bool negated) {
  std::string set = negated ? "[^" : "[";
  for (const auto& range : ranges) {
    set +=
        fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<uint32_t>(range.first), static_cast<uint32_t>(range.last));
  }
  return set + "]";
}

/// The pattern with the classes that depend on a Unicode version spelled out; ICU takes a set within a set.
std::string with_our_classes(const std::string& pattern) {
  std::string spelled;
  for (size_t at = 0; at < pattern.size();) {
    const auto starts = [&](std::string_view part) { return pattern.compare(at, part.size(), part) == 0; };
    const auto replace = [&](size_t length, const std::string& set) {
      spelled += set;
      at += length;
    };
    if (starts("\\p{L}"))
      replace(5, set_of(kLetters, false));
    else if (starts("\\p{N}"))
      replace(5, set_of(kNumbers, false));
    else if (starts("\\s"))
      replace(2, set_of(kWhiteSpace, false));
    else if (starts("\\S"))
      replace(2, set_of(kWhiteSpace, true));
    else if (starts("\\"))
      replace(2, pattern.substr(at, 2));
    else
      replace(1, pattern.substr(at, 1));
  }
  return spelled;
}

struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};

}  // namespace

Split regex_split(const std::string& pattern) {
  UErrorCode error = U_ZERO_ERROR;
  UParseError place{};
  const std::shared_ptr<const icu::RegexPattern> compiled(
      icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(with_our_classes(pattern)), 0, place, error));
  if (U_FAILURE(error)) throw InputError(fmt::format("split pattern '{}': {}", pattern, u_errorName(error)));
  return [compiled](std::string_view utf8, const std::function<void(std::string_view)>& piece) {
    UErrorCode failed = U_ZERO_ERROR;
    const std::unique_ptr<UText, CloseText> text(
        utext_openUTF8(nullptr, utf8.data(), static_cast<int64_t>(utf8.size()), &failed));
    const std::unique_ptr<icu::RegexMatcher> matcher(compiled->matcher(failed));
    matcher->reset(text.get());
    size_t done = 0;
    const auto give = [&](size_t begin, size_t end) {
      if (end > begin) piece(utf8.substr(begin, end - begin));
    };
    while (U_SUCCESS(failed) && matcher->find(failed)) {
      const auto begin = static_cast<size_t>(matcher->start64(failed)),
                 end = static_cast<size_t>(matcher->end64(failed));
      give(done, begin);
      give(begin, end);
      done = end;
    }
    if (U_FAILURE(failed)) throw std::runtime_error(fmt::format("splitting failed: {}", u_errorName(failed)));
    give(done, utf8.size());
  };
}

}  // namespace sinkscope::text
