#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sinkscope::text {

using Tokens = std::vector<std::string>;

/// Turns tokens, as the vocabulary spells them, into text. What comes out at the end is joined.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Tokens decode(Tokens tokens) const = 0;
};

/// The decoder of a tokenizer.json; null where it has none: tokens are joined by spaces then. Throws InputError for a
/// kind that is not supported.
std::unique_ptr<Decoder> read_decoder(const nlohmann::json& part);

/// One for each kind, each in a file of its name.
namespace decoders {

std::unique_ptr<Decoder> bpe(const nlohmann::json& part);
std::unique_ptr<Decoder> byte_fallback(const nlohmann::json& part);
std::unique_ptr<Decoder> byte_level(const nlohmann::json& part);
std::unique_ptr<Decoder> fuse(const nlohmann::json& part);
std::unique_ptr<Decoder> metaspace(const nlohmann::json& part);
std::unique_ptr<Decoder> replace(const nlohmann::json& part);
std::unique_ptr<Decoder> sequence(const nlohmann::json& part);
std::unique_ptr<Decoder> strip(const nlohmann::json& part);

}  // namespace decoders
}  // namespace sinkscope::text
