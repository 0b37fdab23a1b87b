#include "text/code_points.h"
#include "text/split.h"

namespace sinkscope::text {

const char* const kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const char* const kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

/// Finds the end of the match that begins at a place. One function an alternative, in the pattern's order; 0: no match.
class Scanner {
 public:
  Scanner(const std::u32string& text, size_t digits) : text_(text), size_(text.size()), digits_(digits) {}

  size_t match(size_t at) const {
    if (const size_t end = contraction(at)) return end;
    if (const size_t end = word(at)) return end;
    if (is(at, Kind::number)) return number(at);
    if (const size_t end = marks(at)) return end;
    return white_space(at);
  }

 private:
  bool is(size_t at, Kind kind) const { return at < size_ && kind_of(text_[at]) == kind; }
  bool is_newline(size_t at) const { return at < size_ && (text_[at] == '\r' || text_[at] == '\n'); }
  size_t run(size_t at, Kind kind) const {
    while (is(at, kind)) ++at;
    return at;
  }

  /// Case folded as far as the contractions need: the long s folds to s.
  char32_t folded(size_t at) const {
    if (at >= size_) return 0;
    const char32_t c = text_[at];
    if (c == 0x17F) return 's';
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
  }

  /// (?i:'s|'t|'re|'ve|'m|'ll|'d)
  size_t contraction(size_t at) const {
    if (text_[at] != '\'') return 0;
    const char32_t first = folded(at + 1), second = folded(at + 2);
    if (first == 's' || first == 't') return at + 2;
    if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
    if (first == 'm') return at + 2;
    if (first == 'l' && second == 'l') return at + 3;
    return first == 'd' ? at + 2 : 0;
  }

  /// [^\r\n\p{L}\p{N}]?\p{L}+
  size_t word(size_t at) const {
    if (is(at, Kind::letter)) return run(at, Kind::letter);
    const bool prefix = !is_newline(at) && !is(at, Kind::number);
    return prefix && is(at + 1, Kind::letter) ? run(at + 1, Kind::letter) : 0;
  }

  /// \p{N}{1,digits}
  size_t number(size_t at) const {
    const size_t most = at + digits_;
    while (at < most && is(at, Kind::number)) ++at;
    return at;
  }

  ///  ?[^\s\p{L}\p{N}]+[\r\n]*
  size_t marks(size_t at) const {
    const size_t start = text_[at] == ' ' ? at + 1 : at;
    size_t end = run(start, Kind::other);
    if (end == start) return 0;
    while (is_newline(end)) ++end;
    return end;
  }

  /// \s*[\r\n]+|\s+(?!\S)|\s+
  size_t white_space(size_t at) const {
    const size_t end = run(at, Kind::space);
    for (size_t last = end; last > at; --last) {
      if (is_newline(last - 1)) return last;
    }
    return end == size_ || end == at + 1 ? end : end - 1;
  }

  const std::u32string& text_;
  size_t size_, digits_;
};

}  // namespace

Split qwen_split(size_t digits) {
  return [digits](std::string_view utf8, const std::function<void(std::string_view)>& piece) {
    const auto decoded = decode_utf8(utf8);
    const Scanner scanner(decoded.characters, digits);
    for (size_t at = 0; at < decoded.characters.size();) {
      const size_t end = scanner.match(at);
      piece(utf8.substr(decoded.offsets[at], decoded.offsets[end] - decoded.offsets[at]));
      at = end;
    }
  };
}

}  // namespace sinkscope::text
