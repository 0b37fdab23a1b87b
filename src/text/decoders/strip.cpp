#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"

namespace sinkscope::text::decoders {
namespace {

/// Up to so many of a character at a token's beginning and end.
class Strip : public Decoder {
 public:
  Strip(std::string content, size_t start, size_t stop) : content_(std::move(content)), start_(start), stop_(stop) {}

  Tokens decode(Tokens tokens) const override {
    for (auto& token : tokens) {
      for (size_t i = 0; i < start_ && token.starts_with(content_); ++i) token.erase(0, content_.size());
      for (size_t i = 0; i < stop_ && token.ends_with(content_); ++i) token.erase(token.size() - content_.size());
    }
    return tokens;
  }

 private:
  std::string content_;
  size_t start_, stop_;
};

}  // namespace

std::unique_ptr<Decoder> strip(const nlohmann::json& part) {
  return std::make_unique<Strip>(part.at("content").get<std::string>(), part.at("start").get<size_t>(),
                                 part.at("stop").get<size_t>());
}

}  // namespace sinkscope::text::decoders
