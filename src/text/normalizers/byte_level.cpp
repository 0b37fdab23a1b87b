#include "text/byte_level.h"

#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

class ByteLevel : public Normalizer {
 public:
  void normalize(NormalizedString& string) const override {
    string.origin = symbols_of_bytes(std::string_view(string.text).substr(0, string.origin)).size();
    string.text = symbols_of_bytes(string.text);
  }
};

}  // namespace

std::unique_ptr<Normalizer> byte_level(const nlohmann::json&) {
  return std::make_unique<ByteLevel>();
}

}  // namespace sinkscope::text::normalizers
