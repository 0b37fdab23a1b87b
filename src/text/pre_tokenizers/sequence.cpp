#include <nlohmann/json.hpp>
#include <vector>

#include "text/pre_tokenizers/pre_tokenizer.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

using Parts = std::vector<std::unique_ptr<PreTokenizer>>;

/// Each part splits the pieces of the one before it.
class Sequence : public PreTokenizer {
 public:
  explicit Sequence(Parts parts) : parts_(std::move(parts)) {}

  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override { from(0, piece, sink); }

 private:
  void from(size_t part, const Piece& piece, const PieceSink& sink) const {
    if (part + 1 == parts_.size()) return parts_[part]->pre_tokenize(piece, sink);
    parts_[part]->pre_tokenize(piece, [&, part](const Piece& next) { from(part + 1, next, sink); });
  }

  Parts parts_;
};

}  // namespace

std::unique_ptr<PreTokenizer> sequence(const nlohmann::json& part, Spelling spelling) {
  Parts parts;
  const auto& values = part.at("pretokenizers");
  for (size_t i = 0; i < values.size(); ++i) {
    const bool is_last = i + 1 == values.size();
    auto made = read_pre_tokenizer(values[i], is_last ? spelling : Spelling::characters);
    if (made) parts.push_back(std::move(made));
  }
  if (parts.size() > 1) return std::make_unique<Sequence>(std::move(parts));
  return parts.empty() ? nullptr : std::move(parts.front());
}

}  // namespace sinkscope::text::pre_tokenizers
