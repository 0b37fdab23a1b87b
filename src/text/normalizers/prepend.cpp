#include <nlohmann/json.hpp>

#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {

void prepend_to(NormalizedString& string, const std::string& text) {
  if (string.text.empty()) return;
  string.text.insert(0, text);
  if (string.origin > 0) string.origin += text.size();
}

namespace {

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string text) : text_(std::move(text)) {}

  void normalize(NormalizedString& string) const override { prepend_to(string, text_); }

 private:
  std::string text_;
};

}  // namespace

std::unique_ptr<Normalizer> prepend(const nlohmann::json& part) {
  return std::make_unique<Prepend>(part.at("prepend").get<std::string>());
}

}  // namespace sinkscope::text::normalizers
