#include "sinkscope/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <unordered_map>

#include "code_points.h"
#include "normalize.h"
#include "read_tokenizer.h"
#include "sinkscope/error.h"
#include "sinkscope/text/utf8.h"

namespace sinkscope::text {
namespace {

constexpr size_t kCachedPiece = 64;  // longer pieces are rare and not remembered
constexpr size_t kCachedPieces = 1 << 18;
constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

struct Tokenizer::Impl {
  TokenizerParts parts;

  void check(int64_t id) const {
    if (id < 0 || static_cast<size_t>(id) >= parts.has.size() || !parts.has[id])
      throw InputError(fmt::format("no token has the id {}", id));
  }
};

Tokenizer Tokenizer::load(const std::filesystem::path& tokenizer_json) {
  return Tokenizer(std::make_shared<const Impl>(Impl{read_tokenizer(tokenizer_json)}));
}

std::vector<int64_t> Tokenizer::encode(std::string_view utf8) const {
  if (const auto bad = first_invalid_utf8(utf8)) throw InputError(fmt::format("invalid UTF-8 at byte {}", *bad));
  const auto& parts = impl_->parts;
  std::vector<int64_t> ids;
  std::unordered_map<std::string, std::vector<int64_t>> cache;
  const auto encode_piece = [&](std::string_view piece) {
    if (piece.size() > kCachedPiece || cache.size() >= kCachedPieces) return parts.bpe.encode(piece, ids);
    const auto [entry, is_new] = cache.try_emplace(std::string(piece));
    if (is_new) parts.bpe.encode(piece, entry->second);
    ids.insert(ids.end(), entry->second.begin(), entry->second.end());
  };
  const auto take = [&](int64_t id) { ids.push_back(id); };
  const auto encode_text = [&](std::string_view text) { parts.split(text, encode_piece); };
  parts.raw.split(
      utf8,
      [&](std::string_view text) {
        const auto normalized = parts.nfc ? normalize_nfc(text) : std::string(text);
        parts.normalized.split(normalized, encode_text, take);
      },
      take);
  return ids;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string joined;
  for (const int64_t id : ids) joined += bytes(id);
  std::string valid;
  const auto* data = reinterpret_cast<const uint8_t*>(joined.data());
  for (int32_t at = 0, size = static_cast<int32_t>(joined.size()); at < size;) {
    UChar32 c;
    U8_NEXT(data, at, size, c);
    append_utf8(valid, c < 0 ? kReplacement : static_cast<char32_t>(c));
  }
  return valid;
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
  return static_cast<int64_t>(impl_->parts.has.size());
}

bool Tokenizer::has(int64_t id) const {
  return id >= 0 && id < size() && impl_->parts.has[id];
}

bool Tokenizer::is_special(int64_t id) const {
  return has(id) && impl_->parts.special[id];
}

const std::string& Tokenizer::bytes(int64_t id) const {
  impl_->check(id);
  return impl_->parts.bytes[id];
}

}  // namespace sinkscope::text
