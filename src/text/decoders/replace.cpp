#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::decoders {
namespace {

class Replace : public Decoder {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}

  Tokens decode(Tokens tokens) const override {
    for (auto& token : tokens) {
      NormalizedString string{.text = std::move(token)};
      normalizers::replace_in(string, pattern_, content_);
      token = std::move(string.text);
    }
    return tokens;
  }

 private:
  Pattern pattern_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Decoder> replace(const nlohmann::json& part) {
  return std::make_unique<Replace>(read_pattern(part.at("pattern")), part.at("content").get<std::string>());
}

}  // namespace sinkscope::text::decoders
