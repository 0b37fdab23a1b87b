#include <nlohmann/json.hpp>

#include "text/decoders/decoder.h"
#include "text/replace_all.h"

namespace sinkscope::text::decoders {
namespace {

/// The sign back to a space; those of the first token go where the pre-tokenizer puts one there.
class Metaspace : public Decoder {
 public:
  Metaspace(std::string sign, bool is_prefixed) : sign_(std::move(sign)), is_prefixed_(is_prefixed) {}

  Tokens decode(Tokens tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = replace_all(tokens[i], sign_, i == 0 && is_prefixed_ ? "" : " ");
    return tokens;
  }

 private:
  std::string sign_;
  bool is_prefixed_;
};

}  // namespace

std::unique_ptr<Decoder> metaspace(const nlohmann::json& part) {
  const bool is_never =
      part.value("prepend_scheme", "always") == "never" || part.value("add_prefix_space", nlohmann::json()) == false;
  return std::make_unique<Metaspace>(part.at("replacement").get<std::string>(), !is_never);
}

}  // namespace sinkscope::text::decoders
