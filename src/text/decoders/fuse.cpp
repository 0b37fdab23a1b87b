#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"

namespace sinkscope::text::decoders {
namespace {

/// All tokens as one.
class Fuse : public Decoder {
 public:
  Tokens decode(Tokens tokens) const override {
    std::string whole;
    for (const auto& token : tokens) whole += token;
    return {whole};
  }
};

}  // namespace

std::unique_ptr<Decoder> fuse(const nlohmann::json&) {
  return std::make_unique<Fuse>();
}

}  // namespace sinkscope::text::decoders
