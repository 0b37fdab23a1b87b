#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

/// White space goes, punctuation stands alone.
class Bert : public PreTokenizer {
 public:
  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    split_by(piece, white_space_, Behavior::removed,
             [&](const Piece& word) { split_by(word, punctuation_, Behavior::isolated, sink); });
  }

 private:
  Pattern white_space_ = character_pattern(is_white_space), punctuation_ = character_pattern(is_punctuation);
};

}  // namespace

std::unique_ptr<PreTokenizer> bert(const nlohmann::json&) {
  return std::make_unique<Bert>();
}

}  // namespace sinkscope::text::pre_tokenizers
