#include "text/added_tokens.h"

#include <unicode/utf8.h>

#include <algorithm>

#include "text/code_points.h"
#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

bool is_word(char32_t c) {
  const auto after = std::upper_bound(std::begin(kWord), std::end(kWord), c,
                                      [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != std::begin(kWord) && c <= std::prev(after)->last;
}

char32_t first_character(std::string_view utf8) {
  int32_t at = 0;
  UChar32 c;
  U8_NEXT_UNSAFE(reinterpret_cast<const uint8_t*>(utf8.data()), at, c);
  return static_cast<char32_t>(c);
}

bool starts_with_word(std::string_view utf8) {
  return !utf8.empty() && is_word(first_character(utf8));
}

bool ends_with_word(std::string_view utf8) {
  if (utf8.empty()) return false;
  int32_t at = static_cast<int32_t>(utf8.size());
  UChar32 c;
  U8_PREV_UNSAFE(reinterpret_cast<const uint8_t*>(utf8.data()), at, c);
  return is_word(static_cast<char32_t>(c));
}

/// Bytes of white space at the end, or at the start.
size_t spaces_at_end(std::string_view utf8) {
  const auto* data = reinterpret_cast<const uint8_t*>(utf8.data());
  auto at = static_cast<int32_t>(utf8.size());
  while (at > 0) {
    int32_t before = at;
    UChar32 c;
    U8_PREV_UNSAFE(data, before, c);
    if (kind_of(static_cast<char32_t>(c)) != Kind::space) break;
    at = before;
  }
  return utf8.size() - static_cast<size_t>(at);
}

size_t spaces_at_start(std::string_view utf8) {
  const auto* data = reinterpret_cast<const uint8_t*>(utf8.data());
  size_t at = 0;
  while (at < utf8.size()) {
    size_t after = at;
    UChar32 c;
    U8_NEXT_UNSAFE(data, after, c);
    if (kind_of(static_cast<char32_t>(c)) != Kind::space) break;
    at = after;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : count_(tokens.size()) {
  for (auto& token : tokens)
    by_first_byte_[static_cast<unsigned char>(token.content.front())].push_back(std::move(token));
  for (auto& list : by_first_byte_) {
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.content.size() > b.content.size(); });
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view utf8, size_t at) const {
  for (const auto& token : by_first_byte_[static_cast<unsigned char>(utf8[at])]) {
    if (utf8.compare(at, token.content.size(), token.content) == 0) return &token;
  }
  return nullptr;
}

void AddedTokens::split(std::string_view utf8, const std::function<void(std::string_view)>& text,
                        const std::function<void(int64_t)>& token) const {
  size_t done = 0;  // what comes before has been given out
  for (size_t at = 0; at < utf8.size() && count_ > 0;) {
    const auto* found = longest_at(utf8, at);
    if (!found) {
      ++at;
      continue;
    }
    size_t start = at, end = at + found->content.size();
    at = end;
    if (found->single_word && (ends_with_word(utf8.substr(0, start)) || starts_with_word(utf8.substr(end)))) continue;
    if (found->lstrip) start = std::max(done, start - spaces_at_end(utf8.substr(0, start)));
    if (found->rstrip) end += spaces_at_start(utf8.substr(end));
    if (start > done) text(utf8.substr(done, start - done));
    token(found->id);
    done = end;
    at = std::max(at, end);
  }
  if (done < utf8.size()) text(utf8.substr(done));
}

}  // namespace sinkscope::text
