#include "text/pre_tokenizers/split_by.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "text/unsupported.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

/// Whether a span is one piece with the span before it.
bool joins(Behavior behavior, bool before_is_match, bool is_match) {
  switch (behavior) {
    case Behavior::contiguous: return before_is_match == is_match;
    case Behavior::merged_with_previous: return !before_is_match && is_match;
    case Behavior::merged_with_next: return before_is_match && !is_match;
    default: return false;
  }
}

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
  std::optional<Span> piece_so_far;
  bool before_is_match = false;
  pattern(piece.text, [&](const Span& span) {
    if (behavior == Behavior::removed && span.is_match) return;
    if (piece_so_far && joins(behavior, before_is_match, span.is_match)) {
      piece_so_far->end = span.end;
    } else {
      if (piece_so_far) give(*piece_so_far);
      piece_so_far = span;
    }
    before_is_match = span.is_match;
  });
  if (piece_so_far) give(*piece_so_far);
}

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
