#include "text/patterns/spelled_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "sinkscope/error.h"
#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

constexpr std::array<std::string_view, 29> kNames = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                                     "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                                     "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"};

std::string cell(char32_t first, char32_t last) {
  return fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<uint32_t>(first), static_cast<uint32_t>(last));
}

template <class Ranges, class Holds>
std::string cells(const Ranges& ranges, const Holds& holds) {
  std::vector<CodePointRange> joined;
  for (const auto& range : ranges) {
    if (!holds(range)) continue;
    if (!joined.empty() && joined.back().last + 1 == range.first)
      joined.back().last = range.last;
    else
      joined.push_back({range.first, range.last});
  }
  std::string text;
  for (const auto& range : joined) text += cell(range.first, range.last);
  return text;
}

template <class Ranges>
std::string cells(const Ranges& ranges) {
  return cells(ranges, [](const auto&) { return true; });
}

/// The contents of a bracket for one or two letters of a general category, or for a script.
std::optional<std::string> cells_of(const std::string& name) {
  const auto is_category = [&](Category category) {
    return kNames[static_cast<size_t>(category)].substr(0, name.size()) == name;
  };
  if (name.size() <= 2 && name != "C" && name != "Cn") {
    auto found = cells(kCategories, [&](const CategoryRange& range) { return is_category(range.category); });
    if (!found.empty()) return found;
  }
  auto found = cells(kScripts, [&](const ScriptRange& range) { return range.script == name; });
  return found.empty() ? std::nullopt : std::optional(found);
}

class Speller {
 public:
  explicit Speller(const std::string& pattern) : pattern_(pattern) {}

  std::string spelled() {
    while (at_ < pattern_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = pattern_[at_];
    if (c == '\\') return escape();
    if (c == '[') {
      if (depth_ > 0 && pattern_.compare(at_, 2, "[:") == 0) refuse(pattern_.substr(at_, 10));
      ++depth_;
      out_ += pattern_[at_++];
      if (at_ < pattern_.size() && pattern_[at_] == '^') out_ += pattern_[at_++];
      if (at_ < pattern_.size() && pattern_[at_] == ']') out_ += pattern_[at_++];  // stands for itself
      return;
    }
    if (c == ']' && depth_ > 0) --depth_;
    out_ += pattern_[at_++];
  }

  /// A class by itself does not fold case, which a bracket does.
  void put(const std::string& contents, bool is_negated) {
    const auto bracket = (is_negated ? "[^" : "[") + contents + "]";
    out_ += depth_ > 0 ? bracket : "(?-i:" + bracket + ")";
  }

  void escape() {
    if (at_ + 1 >= pattern_.size()) {
      out_ += pattern_[at_++];
      return;
    }
    const char c = pattern_[at_ + 1];
    if (c == 'p' || c == 'P') return property(c == 'P');
    at_ += 2;
    if (c == 's' || c == 'S') return put(cells(kWhiteSpace), c == 'S');
    if (c == 'w' || c == 'W') return put(word(), c == 'W');
    if (c == 'd' || c == 'D') return put(*cells_of("Nd"), c == 'D');
    if ((c == 'b' || c == 'B') && depth_ == 0) return boundary(c == 'B');
    if ((c == 'X' || c == 'y' || c == 'Y') && depth_ == 0) refuse(std::string("\\") + c);
    out_ += {'\\', c};
  }

  void property(bool is_negated) {
    const size_t close = pattern_.find('}', at_);
    if (pattern_.compare(at_ + 2, 1, "{") != 0 || close == std::string::npos) {
      out_ += pattern_.substr(at_, 2);  // Oniguruma says what is wrong with it
      at_ += 2;
      return;
    }
    auto name = pattern_.substr(at_ + 3, close - at_ - 3);
    if (name.starts_with('^')) {
      is_negated = !is_negated;
      name.erase(0, 1);
    }
    const auto contents = cells_of(name);
    if (!contents) refuse("\\p{" + name + "}");
    at_ = close + 1;
    put(*contents, is_negated);
  }

  /// Outside a bracket Oniguruma counts ² ³ ¹ ¼ ½ ¾ too.
  std::string word() const { return (depth_ > 0 ? "" : "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}") + cells(kPatternWord); }

  /// Oniguruma's own boundary would take its own words.
  void boundary(bool is_negated) {
    const auto set = "[" + word() + "]";
    const auto same = fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", set);
    const auto other = fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", set);
    out_ += is_negated ? same : other;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw InputError(fmt::format(
        "pattern '{}': {} is not supported, since what it matches depends on a Unicode version that has no table here",
        pattern_, what));
  }

  const std::string& pattern_;
  std::string out_;
  size_t at_ = 0;
  int depth_ = 0;  // of brackets
};

}  // namespace

std::string spell_classes(const std::string& pattern) {
  return Speller(pattern).spelled();
}

}  // namespace sinkscope::text
