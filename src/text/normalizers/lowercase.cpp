#include "text/code_points.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

/// Each character by itself, whatever stands around it.
class Lowercase : public Normalizer {
 public:
  void normalize(NormalizedString& string) const override {
    map_characters(string, [](std::string& to, char32_t c) {
      for (const char32_t lower : text::lowercase(c)) append_utf8(to, lower);
    });
  }
};

}  // namespace

std::unique_ptr<Normalizer> lowercase(const nlohmann::json&) {
  return std::make_unique<Lowercase>();
}

}  // namespace sinkscope::text::normalizers
