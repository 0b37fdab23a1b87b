#include <nlohmann/json.hpp>

#include "sinkscope/text/utf8.h"
#include "text/byte_token.h"
#include "text/decoders/decoder.h"

namespace sinkscope::text::decoders {
namespace {

constexpr const char* kReplacement = "\uFFFD";

/// <0x0A> and its like back to bytes. A run of them that is not UTF-8 becomes a U+FFFD for each.
class ByteFallback : public Decoder {
 public:
  Tokens decode(Tokens tokens) const override {
    Tokens decoded;
    std::string run;
    const auto end_run = [&] {
      if (run.empty()) return;
      if (first_invalid_utf8(run))
        decoded.insert(decoded.end(), run.size(), kReplacement);
      else
        decoded.push_back(run);
      run.clear();
    };
    for (auto& token : tokens) {
      if (const auto byte = byte_of_token(token)) {
        run += *byte;
        continue;
      }
      end_run();
      decoded.push_back(std::move(token));
    }
    end_run();
    return decoded;
  }
};

}  // namespace

std::unique_ptr<Decoder> byte_fallback(const nlohmann::json&) {
  return std::make_unique<ByteFallback>();
}

}  // namespace sinkscope::text::decoders
