#include "text/code_points.h"
#include "text/pre_tokenizers/split_by.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

/// \w+|[^\w\s]+ ; white space goes.
class Whitespace : public PreTokenizer {
 public:
  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    enum class Run { none, word, other };
    Run run = Run::none;
    size_t begin = 0;
    const auto end_run = [&](size_t end) {
      if (run != Run::none) sink(slice(piece, begin, end));
    };
    for (size_t at = 0; at < piece.text.size();) {
      const size_t start = at;
      const char32_t c = next_character(piece.text, at);
      const Run here = is_word(c) ? Run::word : is_white_space(c) ? Run::none : Run::other;
      if (here == run) continue;
      end_run(start);
      run = here;
      begin = start;
    }
    end_run(piece.text.size());
  }
};

}  // namespace

std::unique_ptr<PreTokenizer> whitespace(const nlohmann::json&) {
  return std::make_unique<Whitespace>();
}

}  // namespace sinkscope::text::pre_tokenizers
