#include "text/code_points.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

bool is_dropped(char32_t c) {
  return (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool is_space(char32_t c) {
  return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

/// Control characters go, and others become spaces.
class Nmt : public Normalizer {
 public:
  void normalize(NormalizedString& string) const override {
    map_characters(string, [](std::string& to, char32_t c) {
      if (!is_dropped(c)) append_utf8(to, is_space(c) ? U' ' : c);
    });
  }
};

}  // namespace

std::unique_ptr<Normalizer> nmt(const nlohmann::json&) {
  return std::make_unique<Nmt>();
}

}  // namespace sinkscope::text::normalizers
