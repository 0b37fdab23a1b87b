// Oniguruma, the engine that `tokenizers` has for patterns.

#include <fmt/format.h>
#include <oniguruma.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "sinkscope/error.h"
#include "text/code_points.h"
#include "text/patterns/pattern.h"
#include "text/patterns/spelled_classes.h"

namespace sinkscope::text {
namespace {

const UChar* bytes_of(std::string_view utf8) {
  return reinterpret_cast<const UChar*>(utf8.data());
}

struct FreeRegion {
  void operator()(OnigRegion* region) const { onig_region_free(region, /*free_self=*/1); }
};
using Region = std::unique_ptr<OnigRegion, FreeRegion>;

struct FreeRegex {
  void operator()(regex_t* regex) const { onig_free(regex); }
};
using Regex = std::shared_ptr<regex_t>;

Regex compile(const std::string& pattern) {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
  const auto spelled = spell_classes(pattern);
  regex_t* regex = nullptr;
  OnigErrorInfo error{};
  const int status = onig_new(&regex, bytes_of(spelled), bytes_of(spelled) + spelled.size(), ONIG_OPTION_NONE,
                              ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &error);
  if (status == ONIG_NORMAL) return {regex, FreeRegex()};
  UChar message[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int length = onig_error_code_to_str(message, status, &error);
  throw InputError(fmt::format("pattern '{}': {}", pattern,
                               std::string_view(reinterpret_cast<const char*>(message), static_cast<size_t>(length))));
}

/// The next match from a byte on; false where there is none.
bool search(const Regex& regex, std::string_view utf8, size_t from, OnigRegion* region) {
  const auto* end = bytes_of(utf8) + utf8.size();
  const int found = onig_search(regex.get(), bytes_of(utf8), end, bytes_of(utf8) + from, end, region, ONIG_OPTION_NONE);
  if (found == ONIG_MISMATCH) return false;
  if (found < 0) throw std::runtime_error(fmt::format("a pattern could not be matched: Oniguruma's error {}", found));
  return true;
}

/// Every match from left to right. An empty one counts, but for the one that follows a match that was not empty; which
/// that is, is the package's: the first empty one after it, wherever it stands.
void each_match(const Regex& regex, std::string_view utf8, const std::function<void(size_t, size_t)>& match) {
  thread_local const Region region(onig_region_new());  // texts are cut into many short pieces
  bool skips_empty = false;
  for (size_t at = 0; at <= utf8.size() && search(regex, utf8, at, region.get());) {
    const auto begin = static_cast<size_t>(region->beg[0]), end = static_cast<size_t>(region->end[0]);
    at = end;
    if (end > begin) {
      skips_empty = true;
    } else {
      if (at < utf8.size())
        next_character(utf8, at);
      else
        ++at;
      if (std::exchange(skips_empty, false)) continue;
    }
    match(begin, end);
  }
}

}  // namespace

Pattern regex_pattern(const std::string& regex) {
  return [compiled = compile(regex)](std::string_view utf8, const SpanSink& span) {
    size_t done = 0;
    each_match(compiled, utf8, [&](size_t begin, size_t end) {
      if (begin != done) span({done, begin, false});
      span({begin, end, true});
      done = end;
    });
    if (done != utf8.size()) span({done, utf8.size(), false});
  };
}

}  // namespace sinkscope::text
