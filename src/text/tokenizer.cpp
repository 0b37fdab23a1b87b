#include "sinkscope/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include "sinkscope/error.h"
#include "sinkscope/text/utf8.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {

namespace fs = std::filesystem;

struct Tokenizer::Impl {
  TokenizerParts parts;
  fs::path file;
};

std::optional<fs::path> find_tokenizer(const fs::path& folder) {
  for (const auto* name : {"tokenizer.json", "tokenizer.model"}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  const bool has_vocabulary = fs::exists(folder / "vocab.json") && fs::exists(folder / "merges.txt");
  return has_vocabulary ? std::optional(folder / "vocab.json") : std::nullopt;
}

Tokenizer Tokenizer::load(const fs::path& file) {
  auto parts = file.extension() == ".model"      ? read_sentencepiece(file)
               : file.filename() == "vocab.json" ? read_vocab_json(file)
                                                 : read_tokenizer_json(file);
  return Tokenizer(std::make_shared<const Impl>(Impl{std::move(parts), file}));
}

std::vector<int64_t> Tokenizer::encode(std::string_view utf8) const {
  if (const auto bad = first_invalid_utf8(utf8)) throw InputError(fmt::format("invalid UTF-8 at byte {}", *bad));
  std::vector<int64_t> ids;
  impl_->parts.encode(utf8, ids);
  return ids;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids) const {
  for (const int64_t id : ids) bytes(id);  // throws for one that is none
  return impl_->parts.decode(ids);
}

const std::filesystem::path& Tokenizer::file() const {
  return impl_->file;
}

const std::vector<std::filesystem::path>& Tokenizer::beside() const {
  return impl_->parts.beside;
}

std::string Tokenizer::piece(int64_t id) const {
  const auto& raw = bytes(id);
  const auto* data = reinterpret_cast<const uint8_t*>(raw.data());
  std::string shown;
  for (int32_t at = 0, size = static_cast<int32_t>(raw.size()); at < size;) {
    const int32_t start = at;
    UChar32 c;
    U8_NEXT(data, at, size, c);
    if (c == ' ')
      shown += "␣";
    else if (c == '\n')
      shown += "\\n";
    else if (c == '\r')
      shown += "\\r";
    else if (c == '\t')
      shown += "\\t";
    else if (c >= 0 && (c < 0x20 || (c >= 0x7F && c < 0xA0)))
      shown += fmt::format("\\x{:02X}", static_cast<uint32_t>(c));
    else if (c >= 0)
      shown.append(raw, static_cast<size_t>(start), static_cast<size_t>(at - start));
    else
      for (int32_t i = start; i < at; ++i) shown += fmt::format("<0x{:02X}>", data[i]);
  }
  return shown;
}

int64_t Tokenizer::size() const {
  return static_cast<int64_t>(impl_->parts.tokens.has.size());
}

bool Tokenizer::has(int64_t id) const {
  return impl_->parts.tokens.holds(id);
}

bool Tokenizer::is_special(int64_t id) const {
  return has(id) && impl_->parts.tokens.special[id];
}

std::optional<int64_t> Tokenizer::bos() const {
  return impl_->parts.bos;
}

const std::vector<int64_t>& Tokenizer::before() const {
  return impl_->parts.special.before;
}

const std::vector<int64_t>& Tokenizer::after() const {
  return impl_->parts.special.after;
}

const std::string& Tokenizer::bytes(int64_t id) const {
  if (!has(id)) throw InputError(fmt::format("no token has the id {}", id));
  return impl_->parts.tokens.bytes[id];
}

}  // namespace sinkscope::text
