#include "text/pre_tokenizers/split_by.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "text/unsupported.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

using Spans = std::vector<Span>;

/// Matches in a row, and what lies between, each as one.
Spans contiguous(const Spans& spans) {
  Spans joined;
  bool was_match = false;
  for (const auto& span : spans) {
    if (span.is_match == was_match && !joined.empty())
      joined.back().end = span.end;
    else
      joined.push_back(span);
    was_match = span.is_match;
  }
  return joined;
}

Spans merged_with_previous(const Spans& spans) {
  Spans joined;
  bool was_match = false;
  for (const auto& span : spans) {
    if (span.is_match && !was_match && !joined.empty())
      joined.back().end = span.end;
    else
      joined.push_back(span);
    was_match = span.is_match;
  }
  return joined;
}

Spans merged_with_next(const Spans& spans) {
  Spans joined;
  bool was_match = false;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (span->is_match && !was_match && !joined.empty())
      joined.back().begin = span->begin;
    else
      joined.push_back(*span);
    was_match = span->is_match;
  }
  std::reverse(joined.begin(), joined.end());
  return joined;
}

}  // namespace

Behavior read_behavior(const nlohmann::json& name) {
  static const std::map<std::string, Behavior> names = {{"Removed", Behavior::removed},
                                                        {"Isolated", Behavior::isolated},
                                                        {"MergedWithPrevious", Behavior::merged_with_previous},
                                                        {"MergedWithNext", Behavior::merged_with_next},
                                                        {"Contiguous", Behavior::contiguous}};
  const auto found = names.find(name.get<std::string>());
  if (found == names.end()) unsupported("behavior of a pre-tokenizer", name);
  return found->second;
}

void split_by(const Piece& piece, const Pattern& pattern, Behavior behavior, const PieceSink& sink) {
  const auto give = [&](const Span& span) {
    if (span.end > span.begin) sink(slice(piece, span.begin, span.end));
  };
  if (behavior == Behavior::isolated) return pattern(piece.text, give);
  if (behavior == Behavior::removed) {
    return pattern(piece.text, [&](const Span& span) {
      if (!span.is_match) give(span);
    });
  }
  Spans spans;
  pattern(piece.text, [&](const Span& span) { spans.push_back(span); });
  const auto joined = behavior == Behavior::contiguous             ? contiguous(spans)
                      : behavior == Behavior::merged_with_previous ? merged_with_previous(spans)
                                                                   : merged_with_next(spans);
  for (const auto& span : joined) give(span);
}

namespace {

class Splitter : public PreTokenizer {
 public:
  Splitter(Pattern pattern, Behavior behavior) : pattern_(std::move(pattern)), behavior_(behavior) {}

  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    split_by(piece, pattern_, behavior_, sink);
  }

 private:
  Pattern pattern_;
  Behavior behavior_;
};

}  // namespace

std::unique_ptr<PreTokenizer> splitter(Pattern pattern, Behavior behavior) {
  return std::make_unique<Splitter>(std::move(pattern), behavior);
}

Piece slice(const Piece& piece, size_t begin, size_t end) {
  const bool is_first = begin < piece.origin;
  return {piece.text.substr(begin, end - begin), is_first, is_first ? std::min(piece.origin, end) - begin : 0};
}

Piece piece_of(const NormalizedString& string) {
  return {string.text, string.is_first, string.origin};
}

NormalizedString string_of(const Piece& piece) {
  return {std::string(piece.text), piece.is_first, piece.origin};
}

}  // namespace sinkscope::text::pre_tokenizers
