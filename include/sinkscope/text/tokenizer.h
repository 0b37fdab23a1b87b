#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// The tokenizer of a checkpoint's folder, if there is one: tokenizer.json, else tokenizer.model, else vocab.json with
/// merges.txt.
std::optional<std::filesystem::path> find_tokenizer(const std::filesystem::path& folder);

/// Text to ids and back, id for id as transformers' AutoTokenizer does it with the same folder. tokenizer.json and
/// vocab.json become a pipeline of the parts that `tokenizers` has; a tokenizer.model goes through the sentencepiece
/// library. The files beside it are joined as transformers joins them: tokenizer_config.json, special_tokens_map.json,
/// added_tokens.json, and of config.json what decides the tokenizer's class. Adds no BOS or EOS.
class Tokenizer {
 public:
  /// A tokenizer.json, tokenizer.model or vocab.json. Throws InputError that names the file and what in it is wrong or
  /// not supported.
  static Tokenizer load(const std::filesystem::path& file);

  const std::filesystem::path& file() const;

  /// The files that were read beside it and decide about ids.
  const std::vector<std::filesystem::path>& beside() const;

  /// `utf8` must be valid UTF-8 (see utf8.h); throws InputError with the byte offset otherwise.
  std::vector<int64_t> encode(std::string_view utf8) const;

  /// Special tokens are kept; bytes that form no character become U+FFFD, and the prefix space goes, as in
  /// `tokenizers`.
  std::string decode(const std::vector<int64_t>& ids) const;

  /// One token for a person's eye: spaces as "␣", newlines and control characters escaped, lone bytes as <0xNN>.
  std::string piece(int64_t id) const;

  /// One past the largest id, added tokens included.
  int64_t size() const;

  /// True where `id` is one of the vocabulary's or the added tokens' ids (ids may have holes).
  bool has(int64_t id) const;

  /// True for added tokens marked special (<|endoftext|> and its like).
  bool is_special(int64_t id) const;

  /// The token that begins a sequence: what is put before a text, else the `bos_token` of the files; none in Qwen's.
  std::optional<int64_t> bos() const;

  /// What transformers puts before and after every text unasked: by tokenizer.json's post-processor or, without a
  /// tokenizer.json, by `add_bos_token` and `add_eos_token` of tokenizer_config.json (transformers 5: silence is no).
  const std::vector<int64_t>& before() const;
  const std::vector<int64_t>& after() const;

  /// The bytes of `id`; not always valid UTF-8 by themselves.
  const std::string& bytes(int64_t id) const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace sinkscope::text
