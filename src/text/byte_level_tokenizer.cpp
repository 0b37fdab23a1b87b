// tokenizer.json with byte-level BPE: the kinds that Qwen and Llama 3 have.

#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/normalize.h"
#include "text/split.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

constexpr size_t kCachedPiece = 64;  // longer pieces are rare and not remembered
constexpr size_t kCachedPieces = 1 << 18;

/// Null, NFC, or a sequence of those.
bool reads_nfc(const json& normalizer) {
  if (normalizer.is_null()) return false;
  if (is_type(normalizer, "NFC")) return true;
  if (is_type(normalizer, "Sequence")) {
    bool nfc = false;
    for (const auto& part : normalizer.at("normalizers")) nfc |= reads_nfc(part);
    return nfc;
  }
  unsupported("normalizer", normalizer);
}

void check_byte_level(const json& part, bool use_regex) {
  if (!is_type(part, "ByteLevel")) unsupported("pre-tokenizer", part);
  if (part.at("add_prefix_space").get<bool>()) unsupported("pre-tokenizer with add_prefix_space", part);
  if (part.value("use_regex", true) != use_regex) unsupported("pre-tokenizer", part);
}

/// Sequence[Split(pattern, Isolated), ByteLevel(use_regex false)].
Split read_split(const json& pre_tokenizer) {
  if (!is_type(pre_tokenizer, "Sequence") || pre_tokenizer.at("pretokenizers").size() != 2)
    unsupported("pre-tokenizer", pre_tokenizer);
  const auto& parts = pre_tokenizer["pretokenizers"];
  check_byte_level(parts[1], false);
  const auto& split = parts[0];
  const bool isolated =
      is_type(split, "Split") && split.at("behavior") == "Isolated" && !split.at("invert").get<bool>();
  if (!isolated || !split.at("pattern").contains("Regex")) unsupported("pre-tokenizer", split);
  const auto pattern = split["pattern"]["Regex"].get<std::string>();
  return pattern == kQwenPattern ? qwen_split(1) : pattern == kLlama3Pattern ? qwen_split(3) : regex_split(pattern);
}

using Vocabulary = std::map<std::string, int64_t>;

Vocabulary read_vocabulary(const json& model) {
  Vocabulary vocabulary;
  for (const auto& [token, id] : model.at("vocab").items()) vocabulary[token] = read_id(id, token);
  return vocabulary;
}

void check_model(const json& model) {
  if (model.value("type", "BPE") != "BPE") unsupported("model", model.value("type", json()));
  for (const auto* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto value = model.value(key, json());
    if (!value.is_null() && value != "") unsupported(fmt::format("BPE with {}", key), value);
  }
  for (const auto* key : {"fuse_unk", "byte_fallback"}) {
    if (model.value(key, false)) unsupported(fmt::format("BPE with {}", key), model[key]);
  }
}

std::pair<std::string, std::string> read_merge(const json& merge) {
  if (merge.is_array() && merge.size() == 2) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  const auto text = merge.get<std::string>();
  const size_t space = text.find(' ');
  if (space == std::string::npos) throw InputError(fmt::format("merge '{}' is not a pair", text));
  return {text.substr(0, space), text.substr(space + 1)};
}

int64_t id_of(const Vocabulary& vocabulary, const std::string& token) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end())
    throw InputError(fmt::format("the vocabulary has no token '{}', which a merge or byte needs", token));
  return found->second;
}

Bpe read_bpe(const json& model, const Vocabulary& vocabulary) {
  std::array<int64_t, 256> id_of_byte{};
  for (int byte = 0; byte < 256; ++byte)
    id_of_byte[byte] = id_of(vocabulary, symbol_of_byte(static_cast<unsigned char>(byte)));
  Bpe::Merges merges;
  uint32_t rank = 0;
  for (const auto& merge : model.at("merges")) {
    const auto [left, right] = read_merge(merge);
    merges[Bpe::pair(id_of(vocabulary, left), id_of(vocabulary, right))] = {rank++, id_of(vocabulary, left + right)};
  }
  std::unordered_map<std::string, int64_t> whole;
  if (model.value("ignore_merges", false)) {
    for (const auto& [token, id] : vocabulary) {
      if (const auto bytes = bytes_of_symbols(token)) whole[*bytes] = id;
    }
  }
  return Bpe(id_of_byte, std::move(merges), std::move(whole));
}

/// NFC, the added tokens that match normalised text, the split, and BPE on its pieces.
struct Encoder {
  bool nfc;
  AddedTokens normalized;
  Split split;
  Bpe bpe;

  void operator()(std::string_view text, std::vector<int64_t>& ids) const {
    std::unordered_map<std::string, std::vector<int64_t>> cache;
    const auto encode_piece = [&](std::string_view piece) {
      if (piece.size() > kCachedPiece || cache.size() >= kCachedPieces) return bpe.encode(piece, ids);
      const auto [entry, is_new] = cache.try_emplace(std::string(piece));
      if (is_new) bpe.encode(piece, entry->second);
      ids.insert(ids.end(), entry->second.begin(), entry->second.end());
    };
    normalized.split(
        nfc ? normalize_nfc(text) : std::string(text), [&](std::string_view part) { split(part, encode_piece); },
        [&](int64_t id) { ids.push_back(id); });
  }
};

std::string decode(const TokenTable& tokens, const std::vector<int64_t>& ids) {
  std::string joined;
  for (const int64_t id : ids) joined += tokens.bytes[id];
  return replace_invalid_utf8(joined);
}

TokenizerParts read_parts(const json& parsed) {
  const auto& model = parsed.at("model");
  check_model(model);
  const auto bos = read_bos(parsed.value("post_processor", json()));
  if (const auto decoder = parsed.value("decoder", json()); !decoder.is_null() && !is_type(decoder, "ByteLevel"))
    unsupported("decoder", decoder);
  const bool nfc = reads_nfc(parsed.value("normalizer", json()));
  const auto vocabulary = read_vocabulary(model);

  TokenTable tokens;
  for (const auto& [token, id] : vocabulary) {
    if (tokens.holds(id)) throw InputError(fmt::format("two tokens have the id {}", id));
    tokens.put(id, bytes_of_symbols(token).value_or(token), false);
  }
  std::vector<AddedToken> raw, normalized;
  for (const auto& value : parsed.value("added_tokens", json::array())) {
    auto token = read_added_token(value, value.at("id"));
    tokens.put(token.id, bytes_of_symbols(token.content).value_or(token.content), token.special);
    if (token.normalized && nfc) token.content = normalize_nfc(token.content);
    (token.normalized ? normalized : raw).push_back(token);
  }
  if (bos && !tokens.holds(*bos)) throw InputError(fmt::format("post-processor: no token has the id {}", *bos));
  const auto encoder = std::make_shared<const Encoder>(Encoder{
      nfc, AddedTokens(normalized), read_split(parsed.value("pre_tokenizer", json())), read_bpe(model, vocabulary)});
  return {std::move(tokens),
          AddedTokens(raw),
          [encoder](std::string_view text, bool, std::vector<int64_t>& ids) { (*encoder)(text, ids); },
          decode,
          {.id = bos, .is_added = bos.has_value()},
          {}};
}

}  // namespace

TokenizerParts read_byte_level(const std::filesystem::path& tokenizer_json) {
  const auto parsed = files::parse_json(files::read_file(tokenizer_json, kMaxFile), tokenizer_json.string());
  try {
    return read_parts(parsed);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", tokenizer_json.string(), e.what()));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", tokenizer_json.string(), e.what()));
  }
}

bool is_byte_level(const std::filesystem::path& tokenizer_json) {
  const auto parsed = json::parse(files::read_file(tokenizer_json, kMaxFile), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return true;
  return parsed.value("pre_tokenizer", json())
             .dump(-1, ' ', true, json::error_handler_t::replace)
             .find("\"ByteLevel\"") != std::string::npos;
}

}  // namespace sinkscope::text
