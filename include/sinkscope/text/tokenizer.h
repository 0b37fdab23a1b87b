#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// A Hugging Face `tokenizer.json` with byte-level BPE, id for id as the `tokenizers` library does it:
/// added tokens on the raw text, then NFC, the split pattern, and merges by rank. Adds no BOS or EOS.
class Tokenizer {
 public:
  /// Throws InputError that names the file and what in it is wrong or not supported.
  static Tokenizer load(const std::filesystem::path& tokenizer_json);

  /// `utf8` must be valid UTF-8 (see utf8.h); throws InputError with the byte offset otherwise.
  std::vector<int64_t> encode(std::string_view utf8) const;

  /// Special tokens are kept; bytes that form no character become U+FFFD, as in `tokenizers`.
  std::string decode(const std::vector<int64_t>& ids) const;

  /// One token for a person's eye: spaces as "␣", newlines and control characters escaped, lone bytes as <0xNN>.
  std::string piece(int64_t id) const;

  /// One past the largest id, added tokens included.
  int64_t size() const;

  /// True where `id` is one of the vocabulary's or the added tokens' ids (ids may have holes).
  bool has(int64_t id) const;

  /// True for added tokens marked special (<|endoftext|> and its like).
  bool is_special(int64_t id) const;

  /// The bytes that `id` stands for; not always valid UTF-8 by themselves.
  const std::string& bytes(int64_t id) const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace sinkscope::text
