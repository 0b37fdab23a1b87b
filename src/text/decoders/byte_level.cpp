#include "text/byte_level.h"

#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text::decoders {
namespace {

/// Symbols back to bytes, all tokens to one text; a token of other characters stays as it is.
class ByteLevel : public Decoder {
 public:
  Tokens decode(Tokens tokens) const override {
    std::string bytes;
    for (const auto& token : tokens) bytes += bytes_of_symbols(token).value_or(token);
    return {replace_invalid_utf8(bytes)};
  }
};

}  // namespace

std::unique_ptr<Decoder> byte_level(const nlohmann::json&) {
  return std::make_unique<ByteLevel>();
}

}  // namespace sinkscope::text::decoders
