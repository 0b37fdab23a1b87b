#include "text/patterns/scanners.h"

#include "text/code_points.h"

namespace sinkscope::text {

const char* const kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const char* const kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const char* const kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

/// The characters of a text and what the patterns ask of them.
class Scanner {
 public:
  explicit Scanner(const std::u32string& text) : text_(text), size_(text.size()), kinds_(kinds().data()) {}

 protected:
  bool is(size_t at, Kind kind) const { return at < size_ && kinds_[text_[at]] == kind; }
  size_t run(size_t at, Kind kind) const {
    while (is(at, kind)) ++at;
    return at;
  }

  /// \s+(?!\S)|\s+ from a space on
  size_t spaces(size_t at) const {
    const size_t end = run(at, Kind::space);
    return end == size_ || end == at + 1 ? end : end - 1;
  }

  /// 's|'t|'re|'ve|'m|'ll|'d; 0: no match.
  template <class Folded>
  size_t contraction(size_t at, const Folded& folded) const {
    if (text_[at] != '\'') return 0;
    const char32_t first = folded(at + 1), second = folded(at + 2);
    if (first == 's' || first == 't') return at + 2;
    if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
    if (first == 'm') return at + 2;
    if (first == 'l' && second == 'l') return at + 3;
    return first == 'd' ? at + 2 : 0;
  }

  const std::u32string& text_;
  size_t size_;
  const Kind* kinds_;
};

/// Finds the end of the match that begins at a place. One function an alternative, in the pattern's order; 0: no match.
class QwenScanner : Scanner {
 public:
  QwenScanner(const std::u32string& text, size_t digits) : Scanner(text), digits_(digits) {}

  size_t match(size_t at) const {
    if (const size_t end = contraction(at, [this](size_t place) { return folded(place); })) return end;
    if (const size_t end = word(at)) return end;
    if (is(at, Kind::number)) return number(at);
    if (const size_t end = marks(at)) return end;
    return white_space(at);
  }

 private:
  bool is_newline(size_t at) const { return at < size_ && (text_[at] == '\r' || text_[at] == '\n'); }

  /// Case folded as far as the contractions need: the long s folds to s.
  char32_t folded(size_t at) const {
    if (at >= size_) return 0;
    const char32_t c = text_[at];
    if (c == 0x17F) return 's';
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
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
    for (size_t last = run(at, Kind::space); last > at; --last) {
      if (is_newline(last - 1)) return last;
    }
    return spaces(at);
  }

  size_t digits_;
};

class Gpt2Scanner : Scanner {
 public:
  explicit Gpt2Scanner(const std::u32string& text) : Scanner(text) {}

  size_t match(size_t at) const {
    const auto plain = [this](size_t place) { return place < size_ ? text_[place] : 0; };
    if (const size_t end = contraction(at, plain)) return end;
    const size_t start = text_[at] == ' ' ? at + 1 : at;
    if (start < size_) {
      const auto kind = kinds_[text_[start]];
      if (kind != Kind::space) return run(start, kind);
    }
    return spaces(at);
  }
};

template <class MakeScanner>
Pattern scan_with(MakeScanner make) {
  return [make](std::string_view utf8, const SpanSink& span) {
    const auto decoded = decode_utf8(utf8);
    const auto scanner = make(decoded.characters);
    for (size_t at = 0; at < decoded.characters.size();) {
      const size_t end = scanner.match(at);
      span({decoded.offsets[at], decoded.offsets[end], true});
      at = end;
    }
  };
}

}  // namespace

Pattern scanner_of(const std::string& regex) {
  if (regex == kQwenPattern) return scan_with([](const auto& text) { return QwenScanner(text, 1); });
  if (regex == kLlama3Pattern) return scan_with([](const auto& text) { return QwenScanner(text, 3); });
  if (regex == kGpt2Pattern) return scan_with([](const auto& text) { return Gpt2Scanner(text); });
  return nullptr;
}

}  // namespace sinkscope::text
