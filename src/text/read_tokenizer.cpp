#include "read_tokenizer.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "byte_level.h"
#include "normalize.h"
#include "sinkscope/error.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

constexpr int64_t kLargestId = 1 << 24;

[[noreturn]] void unsupported(const std::string& what, const json& value) {
  throw InputError(fmt::format("{} is not supported: {}", what,
                               value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 120)));
}

bool is_type(const json& value, const char* type) {
  return value.is_object() && value.value("type", "") == type;
}

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
  return pattern == kQwenPattern ? qwen_split() : regex_split(pattern);
}

void check_post_processor(const json& post_processor) {
  if (!post_processor.is_null() && !is_type(post_processor, "ByteLevel")) unsupported("post-processor", post_processor);
}

int64_t read_id(const json& value, const std::string& token) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > kLargestId) {
    throw InputError(fmt::format("token '{}': wanted an id from 0 to {}, found {}", token, kLargestId, value.dump()));
  }
  return value.get<int64_t>();
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

AddedToken read_added(const json& value) {
  AddedToken token;
  token.content = value.at("content").get<std::string>();
  if (token.content.empty()) throw InputError("an added token is empty");
  token.id = read_id(value.at("id"), token.content);
  token.single_word = value.value("single_word", false);
  token.lstrip = value.value("lstrip", false);
  token.rstrip = value.value("rstrip", false);
  token.normalized = value.value("normalized", false);
  token.special = value.value("special", false);
  return token;
}

void put(std::vector<std::string>& bytes, std::vector<bool>& has, int64_t id, std::string value) {
  const auto size = static_cast<size_t>(id) + 1;
  if (bytes.size() < size) bytes.resize(size);
  if (has.size() < size) has.resize(size);
  bytes[id] = std::move(value);
  has[id] = true;
}

TokenizerParts read_parts(const json& parsed) {
  const auto& model = parsed.at("model");
  check_model(model);
  check_post_processor(parsed.value("post_processor", json()));
  if (const auto decoder = parsed.value("decoder", json()); !decoder.is_null() && !is_type(decoder, "ByteLevel"))
    unsupported("decoder", decoder);
  const bool nfc = reads_nfc(parsed.value("normalizer", json()));
  const auto vocabulary = read_vocabulary(model);

  std::vector<std::string> bytes;
  std::vector<bool> has;
  for (const auto& [token, id] : vocabulary) {
    if (static_cast<size_t>(id) < has.size() && has[id]) throw InputError(fmt::format("two tokens have the id {}", id));
    put(bytes, has, id, bytes_of_symbols(token).value_or(token));
  }
  std::vector<AddedToken> raw, normalized;
  std::vector<int64_t> special_ids;
  for (const auto& value : parsed.value("added_tokens", json::array())) {
    auto token = read_added(value);
    put(bytes, has, token.id, bytes_of_symbols(token.content).value_or(token.content));
    if (token.special) special_ids.push_back(token.id);
    if (token.normalized && nfc) token.content = normalize_nfc(token.content);
    (token.normalized ? normalized : raw).push_back(token);
  }
  std::vector<bool> special(has.size());
  for (const int64_t id : special_ids) special[id] = true;
  return {std::move(bytes),
          std::move(has),
          std::move(special),
          AddedTokens(raw),
          AddedTokens(normalized),
          nfc,
          read_split(parsed.value("pre_tokenizer", json())),
          read_bpe(model, vocabulary)};
}

}  // namespace

TokenizerParts read_tokenizer(const std::filesystem::path& tokenizer_json) {
  std::ifstream in(tokenizer_json, std::ios::binary);
  if (!in) throw InputError(fmt::format("{}: cannot be read", tokenizer_json.string()));
  try {
    return read_parts(json::parse(in));
  } catch (const json::parse_error& e) {
    throw InputError(fmt::format("{}: not JSON from byte {} on", tokenizer_json.string(), e.byte));
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", tokenizer_json.string(), e.what()));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", tokenizer_json.string(), e.what()));
  }
}

}  // namespace sinkscope::text
