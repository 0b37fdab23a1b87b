#include <nlohmann/json.hpp>

#include "text/pre_tokenizers/split_by.h"
#include "text/unsupported.h"

namespace sinkscope::text::pre_tokenizers {
namespace {

enum class Scheme { first, never, always };

Scheme read_scheme(const nlohmann::json& part) {
  const auto name = part.value("prepend_scheme", "always");
  if (part.value("add_prefix_space", nlohmann::json()) == false) return Scheme::never;
  if (name == "first") return Scheme::first;
  if (name == "never") return Scheme::never;
  if (name != "always") unsupported("prepend_scheme of the pre-tokenizer Metaspace", name);
  return Scheme::always;
}

/// A sign for every space, one put before the text, and a split before each.
class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string sign, Scheme scheme, bool splits)
      : sign_(std::move(sign)),
        spaces_(string_pattern(" ")),
        signs_(string_pattern(sign_)),
        scheme_(scheme),
        splits_(splits) {}

  void pre_tokenize(const Piece& piece, const PieceSink& sink) const override {
    auto string = string_of(piece);
    normalizers::replace_in(string, spaces_, sign_);
    const bool prepends = scheme_ == Scheme::always || (scheme_ == Scheme::first && string.is_first);
    if (prepends && !string.text.starts_with(sign_)) normalizers::prepend_to(string, sign_);
    splits_ ? split_by(piece_of(string), signs_, Behavior::merged_with_next, sink) : sink(piece_of(string));
  }

 private:
  std::string sign_;
  Pattern spaces_, signs_;
  Scheme scheme_;
  bool splits_;
};

}  // namespace

std::unique_ptr<PreTokenizer> metaspace(const nlohmann::json& part) {
  const auto splits = part.value("split", nlohmann::json());
  return std::make_unique<Metaspace>(part.at("replacement").get<std::string>(), read_scheme(part),
                                     splits.is_null() || splits.get<bool>());
}

}  // namespace sinkscope::text::pre_tokenizers
