#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::decoders {
namespace {

/// The normalizer of the same name, on every token.
class Replace : public Decoder {
 public:
  explicit Replace(std::unique_ptr<Normalizer> normalizer) : normalizer_(std::move(normalizer)) {}

  Tokens decode(Tokens tokens) const override {
    for (auto& token : tokens) {
      NormalizedString string{.text = std::move(token)};
      normalizer_->normalize(string);
      token = std::move(string.text);
    }
    return tokens;
  }

 private:
  std::unique_ptr<Normalizer> normalizer_;
};

}  // namespace

std::unique_ptr<Decoder> replace(const nlohmann::json& part) {
  return std::make_unique<Replace>(normalizers::replace(part));
}

}  // namespace sinkscope::text::decoders
