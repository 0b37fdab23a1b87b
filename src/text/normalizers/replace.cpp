#include <algorithm>
#include <nlohmann/json.hpp>

#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {

void replace_in(NormalizedString& string, const Pattern& pattern, const std::string& content) {
  if (string.text.empty()) return;
  const auto before = std::move(string.text);
  const size_t origin_before = string.origin;
  string.text.clear();
  string.origin = 0;
  pattern(before, [&](const Span& span) {
    const size_t start = string.text.size();
    // What is put in stands where the last byte of what it replaces stood.
    if (span.is_match) {
      string.text += content;
      if (span.end > 0 && span.end - 1 < origin_before) string.origin = string.text.size();
    } else {
      string.text.append(before, span.begin, span.end - span.begin);
      if (span.begin < origin_before) string.origin = start + std::min(span.end, origin_before) - span.begin;
    }
  });
}

namespace {

class Replace : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void normalize(NormalizedString& string) const override { replace_in(string, pattern_, content_); }

 private:
  Pattern pattern_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Normalizer> replace(const nlohmann::json& part) {
  return std::make_unique<Replace>(read_pattern(part.at("pattern")), part.at("content").get<std::string>());
}

}  // namespace sinkscope::text::normalizers
