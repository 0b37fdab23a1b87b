#include "text/decoders/decoder.h"

#include <map>
#include <nlohmann/json.hpp>

#include "text/unsupported.h"

namespace sinkscope::text {

std::unique_ptr<Decoder> read_decoder(const nlohmann::json& part) {
  using Make = std::unique_ptr<Decoder> (*)(const nlohmann::json&);
  static const std::map<std::string, Make> kinds = {
      {"BPEDecoder", decoders::bpe},       {"ByteFallback", decoders::byte_fallback},
      {"ByteLevel", decoders::byte_level}, {"Fuse", decoders::fuse},
      {"Metaspace", decoders::metaspace},  {"Replace", decoders::replace},
      {"Sequence", decoders::sequence},    {"Strip", decoders::strip},
  };
  if (part.is_null()) return nullptr;
  const auto kind = kinds.find(type_of(part));
  if (kind == kinds.end()) unsupported("decoder", part);
  return kind->second(part);
}

}  // namespace sinkscope::text
