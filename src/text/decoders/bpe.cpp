#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"
#include "text/replace_all.h"

namespace sinkscope::text::decoders {
namespace {

/// The suffix of words' ends back to a space, but at the text's end.
class BpeDecoder : public Decoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}

  Tokens decode(Tokens tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool is_last = i + 1 == tokens.size();
      if (!suffix_.empty()) tokens[i] = replace_all(tokens[i], suffix_, is_last ? "" : " ");
    }
    return tokens;
  }

 private:
  std::string suffix_;
};

}  // namespace

std::unique_ptr<Decoder> bpe(const nlohmann::json& part) {
  return std::make_unique<BpeDecoder>(part.value("suffix", "</w>"));
}

}  // namespace sinkscope::text::decoders
