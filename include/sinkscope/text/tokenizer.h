#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// The tokenizer of a checkpoint's folder, if there is one: tokenizer.json, or tokenizer.model where there is no
/// tokenizer.json or it is of another kind than byte-level BPE.
std::optional<std::filesystem::path> find_tokenizer(const std::filesystem::path& folder);

/// Text to ids and back, id for id as Hugging Face does it. Added tokens are found in the raw text first; what lies
/// between them goes through byte-level BPE (tokenizer.json: Qwen, Llama 3) or through the sentencepiece library
/// (tokenizer.model: Llama 2, TinyLlama, Mistral). Adds no BOS or EOS.
///
/// Beside a tokenizer.model, tokenizer.json says which tokens are added and which stretches of text get a prefix space;
/// without it, tokenizer_config.json and added_tokens.json do, and where they are silent the model itself does.
class Tokenizer {
 public:
  /// A tokenizer.json or tokenizer.model. Throws InputError that names the file and what in it is wrong or not
  /// supported.
  static Tokenizer load(const std::filesystem::path& file);

  const std::filesystem::path& file() const;

  /// The files that were read beside a tokenizer.model.
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

  /// The token that begins a sequence; none in Qwen's.
  std::optional<int64_t> bos() const;

  /// Whether Hugging Face puts it before every text unasked: by tokenizer.json's template or, without a tokenizer.json,
  /// by `add_bos_token` of tokenizer_config.json (transformers 5: silence is no).
  bool adds_bos() const;

  /// The bytes of `id`; not always valid UTF-8 by themselves.
  const std::string& bytes(int64_t id) const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace sinkscope::text
