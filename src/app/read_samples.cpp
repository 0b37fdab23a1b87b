#include "app/read_samples.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "sinkscope/error.h"
#include "sinkscope/text/several_texts.h"

namespace sinkscope::app {
namespace {

/// The id that begins every sample; none where samples begin with their text.
std::optional<int64_t> bos_of(const RunOptions& options, const model::Checkpoint& checkpoint,
                              const text::Tokenizer* tokenizer) {
  const bool is_unasked = !options.text.empty() && tokenizer && !tokenizer->before().empty();
  if (options.bos == "without" || (options.bos == "auto" && !is_unasked)) return std::nullopt;
  if (is_unasked && options.bos == "auto" && tokenizer->before().size() > 1) {
    throw InputError(fmt::format("--bos auto: {} puts {} tokens before a text; expected one, or --bos with or without",
                                 tokenizer->file().string(), tokenizer->before().size()));
  }
  const auto bos = tokenizer ? tokenizer->bos() : std::nullopt;
  if (!bos && options.bos == "with") {
    throw InputError(
        fmt::format("--bos with: {}", tokenizer ? fmt::format("{} has no BOS token", tokenizer->file().string())
                                                : fmt::format("{} has no tokenizer", checkpoint.dir().string())));
  }
  return bos;
}

/// `n` of one file.
text::Samples of_file(const std::filesystem::path& file, int64_t n, int64_t length, const RunOptions& options,
                      const text::Tokenizer& tokenizer) {
  std::vector<std::string> warnings;
  const auto texts = text::read_texts(file, &warnings);
  try {
    auto samples = options.slice == "lines" ? text::lines(tokenizer, texts, n, length)
                                            : text::windows(tokenizer, texts, n, length, options.window_shift);
    samples.warnings = std::move(warnings);
    return samples;
  } catch (const text::TooFewSamples& e) {
    throw text::TooFewSamples(fmt::format("{}: {}", file.string(), e.what()), e.most);
  }
}

/// `n` shared between the files.
text::Samples of_files(const std::vector<std::filesystem::path>& files, int64_t n, int64_t length,
                       const RunOptions& options, const text::Tokenizer& tokenizer) {
  if (files.size() == 1) return of_file(files[0], n, length, options, tokenizer);
  if (n < static_cast<int64_t>(files.size()))
    throw InputError(fmt::format("--samples {}: expected one or more of each of {} texts", n, files.size()));
  std::vector<text::Samples> of_texts;
  for (size_t i = 0; i < files.size(); ++i)
    of_texts.push_back(of_file(files[i], text::share_of(n, i, files.size()), length, options, tokenizer));
  return text::interleave(of_texts, files);
}

/// Where --samples is not given, no more than the shortest text has.
text::Samples of_text(int64_t length, const RunOptions& options, bool is_number_given,
                      const text::Tokenizer& tokenizer) {
  const auto files = text::text_files(options.text);
  int64_t n = options.samples;
  std::string why;
  while (true) {
    try {
      auto samples = of_files(files, n, length, options, tokenizer);
      if (!why.empty()) samples.warnings.push_back(fmt::format("{}; --samples is not given and becomes {}", why, n));
      return samples;
    } catch (const text::TooFewSamples& e) {
      if (is_number_given || e.most == 0) throw;
      n = e.most * static_cast<int64_t>(files.size());
      why = e.what();
    }
  }
}

/// Samples of up to `length` tokens, BOS not counted.
text::Samples of_length(int64_t length, const RunOptions& options, const std::set<std::string>& given,
                        const model::Checkpoint& checkpoint, const text::Tokenizer* tokenizer) {
  const int64_t n = options.samples, vocabulary = checkpoint.config().vocab_size;
  if (options.tokens == "random") {
    return text::random_tokens(n, length, vocabulary, static_cast<uint64_t>(options.seed));
  }
  if (!options.tokens.empty()) {
    const auto cut = [&](const char* name, int64_t value) {  // the file sets samples and length; given flags only cut
      return given.contains(name) ? value : 0;
    };
    return text::from_token_file(options.tokens, cut("samples", n), cut("length", length), vocabulary);
  }
  if (!tokenizer) {
    throw InputError(
        fmt::format("--text needs a tokenizer: neither {} nor tokenizer.model exists; --tokens FILE.json takes ids",
                    (checkpoint.dir() / "tokenizer.json").string()));
  }
  return of_text(length, options, given.contains("samples"), *tokenizer);
}

}  // namespace

text::Samples read_samples(const RunOptions& options, const std::set<std::string>& given,
                           const model::Checkpoint& checkpoint, const text::Tokenizer* tokenizer) {
  if (options.text.empty() == options.tokens.empty()) throw InputError("expected either --text or --tokens");
  const auto bos = bos_of(options, checkpoint, tokenizer);
  if (!bos) return of_length(options.length, options, given, checkpoint, tokenizer);
  if (options.length < 2) throw InputError("--length 1: expected 2 or more with BOS, or --bos without");
  return text::with_bos(of_length(options.length - 1, options, given, checkpoint, tokenizer), *bos);
}

}  // namespace sinkscope::app
