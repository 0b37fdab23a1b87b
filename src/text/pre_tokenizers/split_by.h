#pragma once

#include <nlohmann/json_fwd.hpp>

#include "text/pre_tokenizers/pre_tokenizer.h"

namespace sinkscope::text::pre_tokenizers {

/// What becomes of a match: it goes, is a piece of its own, joins the piece before it or behind it, or all matches in a
/// row are one piece.
enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// "Removed", "Isolated", ... Throws InputError for another.
Behavior read_behavior(const nlohmann::json& name);

void split_by(const Piece& piece, const Pattern& pattern, Behavior behavior, const PieceSink& sink);

/// The pre-tokenizer that does this and no more.
std::unique_ptr<PreTokenizer> splitter(Pattern pattern, Behavior behavior);

/// A part of a piece.
Piece slice(const Piece& piece, size_t begin, size_t end);

/// A whole string as a piece.
Piece piece_of(const NormalizedString& string);

/// A piece with memory of its own.
NormalizedString string_of(const Piece& piece);

}  // namespace sinkscope::text::pre_tokenizers
