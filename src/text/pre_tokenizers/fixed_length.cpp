#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

/// So many characters a piece.
class FixedLength : public PreTokenizer {
 public:
  explicit FixedLength(size_t length) : length_(length) {}

  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    size_t begin = 0, characters = 0;
    for (size_t at = 0; at < piece.text.size();) {
      next_character(piece.text, at);
      if (++characters < length_ && at < piece.text.size()) continue;
      sink(slice(piece, begin, at));
      begin = at;
      characters = 0;
    }
  }

 private:
  size_t length_;
};

}  // namespace

std::unique_ptr<PreTokenizer> fixed_length(const nlohmann::json& part) {
  const auto length = part.value("length", int64_t{5});
  if (length < 1) throw InputError("pre-tokenizer FixedLength: expected a length from 1 on");
  return std::make_unique<FixedLength>(static_cast<size_t>(length));
}

}  // namespace sinkscope::text::pre_tokenizers
