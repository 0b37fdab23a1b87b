#include "text/byte_level.h"

#include <nlohmann/json.hpp>

#include "text/patterns/scanners.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

/// A space before a piece that has none, GPT-2's pattern, and a symbol for every byte.
class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool adds_prefix, Pattern pattern, Spelling spelling)
      : adds_prefix_(adds_prefix), pattern_(std::move(pattern)), spelling_(spelling) {}

  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    if (!adds_prefix_ || piece.text.starts_with(' ')) return split_and_spell(piece, sink);
    auto prefixed = string_of(piece);
    normalizers::prepend_to(prefixed, " ");
    split_and_spell(piece_of(prefixed), sink);
  }

 private:
  void split_and_spell(const Piece& piece, const PieceSink& sink) const {
    const auto give = [&](const Piece& part) { spelling_ == Spelling::bytes ? sink(part) : spell(part, sink); };
    pattern_ ? split_by(piece, pattern_, Behavior::isolated, give) : give(piece);
  }

  static void spell(const Piece& piece, const PieceSink& sink) {
    const auto spelled = symbols_of_bytes(piece.text);
    sink({spelled, piece.is_first, symbols_of_bytes(piece.text.substr(0, piece.origin)).size()});
  }

  bool adds_prefix_;
  Pattern pattern_;  // may be empty
  Spelling spelling_;
};

}  // namespace

std::unique_ptr<PreTokenizer> byte_level(const nlohmann::json& part, Spelling spelling) {
  const bool adds_prefix = part.at("add_prefix_space").get<bool>();
  const bool has_pattern = part.value("use_regex", true);
  if (spelling == Spelling::bytes && !adds_prefix && !has_pattern) return nullptr;
  return std::make_unique<ByteLevel>(adds_prefix, has_pattern ? scanner_of(kGpt2Pattern) : nullptr, spelling);
}

}  // namespace sinkscope::text::pre_tokenizers
