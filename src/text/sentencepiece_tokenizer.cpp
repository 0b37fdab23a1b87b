// tokenizer.model by the sentencepiece library, with what Hugging Face adds: added tokens on the raw text, and which of
// the stretches between them get the prefix space.

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <map>
#include <memory>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/text/utf8.h"
#include "text/sentencepiece_settings.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {
namespace {

namespace fs = std::filesystem;
using Processor = sentencepiece::SentencePieceProcessor;

constexpr const char* kReplacement = "\uFFFD";

/// A base-128 number of the wire format; nothing where the bytes end first.
std::optional<uint64_t> read_varint(std::string_view bytes, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

/// sentencepiece takes a file that ends between two of its pieces; the normaliser's settings, which stand behind them,
/// tell that nothing is missing.
void check_complete(std::string_view proto) {
  constexpr uint64_t kNormalizerSpec = 3, kDelimited = 2;
  bool is_complete = false;
  for (size_t at = 0; at < proto.size();) {
    const auto tag = read_varint(proto, at);
    const auto length = tag && (*tag & 7) == kDelimited ? read_varint(proto, at) : std::nullopt;
    if (!length || *length > proto.size() - at)
      throw InputError(fmt::format("no sentencepiece model from byte {} on", at));
    at += *length;
    is_complete |= *tag >> 3 == kNormalizerSpec;
  }
  if (!is_complete) throw InputError("a sentencepiece model cut short: its normalizer_spec is missing");
}

std::shared_ptr<const Processor> load(const std::string& proto) {
  auto processor = std::make_shared<Processor>();
  if (const auto status = processor->LoadFromSerializedProto(proto); !status.ok())
    throw InputError(fmt::format("no sentencepiece model: {}", replace_invalid_utf8(status.ToString())));
  return processor;
}

/// The same model with normalizer_spec.add_dummy_prefix set: in the wire format, a later message is merged into it.
std::shared_ptr<const Processor> load_with_prefix(const std::string& proto, bool add_dummy_prefix) {
  return load(proto + std::string{'\x1A', 2, '\x18', add_dummy_prefix ? '\1' : '\0'});
}

std::string bytes_of_piece(const Processor& model, int id) {
  const auto& piece = model.IdToPiece(id);
  if (model.IsByte(id)) return {static_cast<char>(std::stoi(piece.substr(1, 4), nullptr, 16))};  // <0x0A>
  std::string bytes;
  for (size_t at = 0; at < piece.size();) {
    const bool is_space = piece.compare(at, kSpace.size(), kSpace) == 0;
    bytes += is_space ? ' ' : piece[at];
    at += is_space ? kSpace.size() : 1;
  }
  return bytes;
}

/// A run of byte tokens that is not UTF-8 becomes a U+FFFD for each.
std::string decode(const std::vector<bool>& is_byte, const TokenTable& tokens, const std::vector<int64_t>& ids) {
  std::string text, run;
  const auto end_run = [&] {
    if (!first_invalid_utf8(run))
      text += run;
    else
      for (size_t i = 0; i < run.size(); ++i) text += kReplacement;
    run.clear();
  };
  for (const int64_t id : ids) {
    if (static_cast<size_t>(id) < is_byte.size() && is_byte[id]) {
      run += tokens.bytes[id];
    } else {
      end_run();
      text += tokens.bytes[id];
    }
  }
  end_run();
  return text;
}

std::vector<int> ids_of(const Processor& model, std::string_view text) {
  std::vector<int> ids;
  // in braces: its string_view is the standard one where the system built it, its own where we did
  if (const auto status = model.Encode({text.data(), text.size()}, &ids); !status.ok())
    throw std::runtime_error(fmt::format("sentencepiece: {}", status.ToString()));
  return ids;
}

std::optional<int64_t> bos_of(const Processor& model, const Settings& settings) {
  if (settings.bos) return settings.bos;
  return model.bos_id() < 0 ? std::nullopt : std::optional<int64_t>(model.bos_id());
}

TokenizerParts make_parts(const std::string& proto, const std::shared_ptr<const Processor>& own,
                          const Settings& settings) {
  TokenTable tokens;
  std::vector<bool> is_byte;
  std::map<int64_t, AddedToken> added;
  for (int id = 0; id < own->GetPieceSize(); ++id) {
    const bool is_special = own->IsControl(id) || own->IsUnknown(id);
    tokens.put(id, bytes_of_piece(*own, id), is_special);
    is_byte.push_back(own->IsByte(id));
    if (is_special) added[id] = {.id = id, .content = own->IdToPiece(id), .special = true};
  }
  for (const auto& token : settings.added) {
    tokens.put(token.id, token.content, token.special);
    added[token.id] = token;
  }
  std::vector<AddedToken> list;
  for (const auto& [id, token] : added) list.push_back(token);

  const auto prefix = settings.prefix;
  const auto with = prefix == Prefix::by_model ? own : load_with_prefix(proto, true),
             without = load_with_prefix(proto, false);
  const auto encode = [=, finder = AddedTokens(std::move(list))](std::string_view utf8, std::vector<int64_t>& ids) {
    const auto add_text = [&](size_t begin, size_t end) {
      const auto text = utf8.substr(begin, end - begin);
      const bool is_spaced = text.starts_with(' ') || text.starts_with(kSpace);
      const bool takes_prefix = prefix == Prefix::by_model || (begin == 0 && !is_spaced);
      const auto found = ids_of(takes_prefix ? *with : *without, text);
      ids.insert(ids.end(), found.begin(), found.end());
    };
    finder.split(utf8, add_text, [&](int64_t id) { ids.push_back(id); });
  };
  const bool has_prefix = ids_of(*with, "a") != ids_of(*without, "a");
  const auto decode_without_prefix = [=](const std::vector<int64_t>& ids) {
    const auto text = decode(is_byte, tokens, ids);
    return has_prefix && text.starts_with(' ') ? text.substr(1) : text;
  };
  TokenizerParts parts;
  parts.tokens = tokens;
  parts.encode = encode;
  parts.decode = decode_without_prefix;
  parts.beside = settings.files;
  parts.bos = bos_of(*own, settings);
  if (settings.adds_bos && parts.bos) parts.special.before = {*parts.bos};
  return parts;
}

}  // namespace

TokenizerParts read_sentencepiece(const fs::path& tokenizer_model) {
  const auto proto = files::read_file(tokenizer_model, kMaxFile);
  std::shared_ptr<const Processor> own;
  naming(tokenizer_model, [&] {
    check_complete(proto);
    own = load(proto);
    for (int id = 0; id < own->GetPieceSize(); ++id) {
      if (first_invalid_utf8(own->IdToPiece(id))) throw InputError(fmt::format("piece {} is not UTF-8", id));
    }
  });
  Pieces pieces;
  for (int id = 0; id < own->GetPieceSize(); ++id) pieces.push_back(own->IdToPiece(id));
  return make_parts(proto, own, read_settings(tokenizer_model.parent_path(), pieces));
}

}  // namespace sinkscope::text
