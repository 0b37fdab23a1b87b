#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"

namespace sinkscope::text::decoders {
namespace {

class Sequence : public Decoder {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Decoder>> parts) : parts_(std::move(parts)) {}

  Tokens decode(Tokens tokens) const override {
    for (const auto& part : parts_) tokens = part->decode(std::move(tokens));
    return tokens;
  }

 private:
  std::vector<std::unique_ptr<Decoder>> parts_;
};

}  // namespace

std::unique_ptr<Decoder> sequence(const nlohmann::json& part) {
  std::vector<std::unique_ptr<Decoder>> parts;
  for (const auto& value : part.at("decoders")) parts.push_back(read_decoder(value));
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace sinkscope::text::decoders
