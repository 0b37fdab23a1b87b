#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/error.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::text {

/// The texts of a file: one for plain text, one a record for `.jsonl` (a JSON string, or an object with a
/// string `text`, a line, by the rules of Python's json). A byte order mark at the file's start is left out, with a
/// warning. Throws InputError for what is not there, empty, or not UTF-8 (with the byte offset).
std::vector<std::string> read_texts(const std::filesystem::path& file, std::vector<std::string>* warnings = nullptr);

/// A text has fewer samples than were asked for; `most`: as many as can be had, 0 where it is too short for one.
struct TooFewSamples : InputError {
  TooFewSamples(const std::string& what, int64_t how_many) : InputError(what), most(how_many) {}
  int64_t most;
};

/// One of several texts that samples are shared between.
struct TextShare {
  std::filesystem::path file;
  std::string name;  ///< the file's; its path where another has the same
  int64_t samples = 0, tokens = 0;
};

/// Token ids per sample, and where each sample starts.
struct Samples {
  std::vector<std::vector<int64_t>> ids;  ///< one row per sample, at most `length` ids, at least one
  std::vector<int64_t> starts;            ///< windows: first token's index in the text; lines: the line's index
  /// What samples that depend on each other share: the record where a window starts (of a plain text, the twentieth of
  /// it), or the line or row itself.
  std::vector<int64_t> documents;
  int64_t text_tokens = 0;                 ///< tokens in the whole text, or in all of them
  std::string slice;                       ///< "windows", "lines", "tokens" or "vocabulary"
  std::optional<int64_t> bos;              ///< the BOS that every row begins with, where it was put there
  std::vector<std::string> warnings = {};  ///< of how the text was read
  std::vector<TextShare> texts = {};       ///< where there are several
  std::vector<int64_t> text_of = {};       ///< which of `texts` each sample is of; empty where there is one text
};

/// `n` windows of `length` tokens; window i starts at i steps of floor((N - length) / n) of the texts' N tokens, and
/// `shift` of a step, from 0 to below 1, for another draw. Throws
/// TooFewSamples, as lines() does.
Samples windows(const Tokenizer&, const std::vector<std::string>& texts, int64_t n, int64_t length, double shift = 0);

/// The first `n` non-empty lines (plain text) or records (`.jsonl`), each cut to `length` tokens.
Samples lines(const Tokenizer&, const std::vector<std::string>& texts, int64_t n, int64_t length);

/// Rows of ids from a JSON array of arrays, which may be ragged; `n` and `length` only cut (0: do not cut).
/// Every id must be in [0, vocabulary).
Samples from_token_file(const std::filesystem::path& file, int64_t n, int64_t length, int64_t vocabulary);

/// `n` rows of `length` seeded ids, uniform in [0, vocabulary).
Samples random_tokens(int64_t n, int64_t length, int64_t vocabulary, uint64_t seed);

/// The same with the BOS before every row; starts and text_tokens stay those of the text.
Samples with_bos(Samples, int64_t bos);

/// Every id alone, a row of one token; such rows start nowhere.
Samples vocabulary(const std::vector<int64_t>& ids);

}  // namespace sinkscope::text
