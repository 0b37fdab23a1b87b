#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sinkscope::text {

/// Cuts a text into the pieces that BPE works on, in order, nothing lost: every match of the pattern is a piece, and so
/// is what lies between matches (`tokenizers`' Split with "Isolated").
using Split = std::function<void(std::string_view utf8, const std::function<void(std::string_view)>& piece)>;

/// Qwen's pattern, as tokenizer.json spells it, and Llama 3's: the same, but for numbers of up to three digits.
extern const char* const kQwenPattern;
extern const char* const kLlama3Pattern;

/// Qwen's pattern by a scanner of our own, which is several times faster than a regular expression; a piece holds up to
/// `digits` digits (Qwen 1, Llama 3 3).
Split qwen_split(size_t digits);

/// Any pattern by ICU's regular expressions, with \p{L}, \p{N} and \s as the pinned `tokenizers` has them.
/// Throws InputError for one that ICU does not take.
Split regex_split(const std::string& pattern);

}  // namespace sinkscope::text
