#include "text/added_tokens.h"

#include <algorithm>

#include "text/code_points.h"

namespace sinkscope::text {
namespace {

bool starts_with_word(std::string_view utf8) {
  size_t at = 0;
  return !utf8.empty() && is_word(next_character(utf8, at));
}

bool ends_with_word(std::string_view utf8) {
  size_t at = utf8.size();
  return !utf8.empty() && is_word(previous_character(utf8, at));
}

/// Bytes of white space at the end, or at the start.
size_t spaces_at_end(std::string_view utf8) {
  size_t begin = utf8.size();
  for (size_t at = begin; at > 0 && is_white_space(previous_character(utf8, at));) begin = at;
  return utf8.size() - begin;
}

size_t spaces_at_start(std::string_view utf8) {
  size_t end = 0;
  for (size_t at = 0; at < utf8.size() && is_white_space(next_character(utf8, at));) end = at;
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : count_(tokens.size()) {
  for (auto& token : tokens) {
    const auto first = static_cast<unsigned char>(token.content.front());
    begins_[first] = true;
    by_first_byte_[first].push_back(std::move(token));
  }
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

void AddedTokens::split(std::string_view utf8, const std::function<void(size_t, size_t)>& text,
                        const std::function<void(int64_t)>& token) const {
  size_t done = 0;  // what comes before has been given out
  for (size_t at = 0; at < utf8.size() && count_ > 0;) {
    const bool may_begin = begins_[static_cast<unsigned char>(utf8[at])];
    const auto* found = may_begin ? longest_at(utf8, at) : nullptr;
    if (!found) {
      ++at;
      continue;
    }
    size_t start = at, end = at + found->content.size();
    at = end;  // even where the token takes white space behind it, in which another may begin
    if (found->single_word && (ends_with_word(utf8.substr(0, start)) || starts_with_word(utf8.substr(end)))) continue;
    if (found->lstrip) start = std::max(done, start - spaces_at_end(utf8.substr(0, start)));
    if (found->rstrip) end += spaces_at_start(utf8.substr(end));
    if (start > done) text(done, start);
    if (start < end) token(found->id);  // else the token before it took its white space
    done = end;
  }
  if (done != utf8.size()) text(done, utf8.size());
}

}  // namespace sinkscope::text
