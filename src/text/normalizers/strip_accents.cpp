#include "text/code_points.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

class StripAccents : public Normalizer {
 public:
  void normalize(NormalizedString& string) const override {
    map_characters(string, [](std::string& to, char32_t c) {
      if (!is_accent(c)) append_utf8(to, c);
    });
  }
};

}  // namespace

std::unique_ptr<Normalizer> strip_accents(const nlohmann::json&) {
  return std::make_unique<StripAccents>();
}

}  // namespace sinkscope::text::normalizers
