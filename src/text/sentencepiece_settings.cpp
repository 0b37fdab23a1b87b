#include "text/sentencepiece_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"

namespace sinkscope::text {

using nlohmann::json;
namespace fs = std::filesystem;

void naming(const fs::path& file, const std::function<void()>& read) {
  try {
    read();
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", file.string(), e.what()));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", file.string(), e.what()));
  }
}

namespace {

Prefix prefix_of_metaspace(const json& metaspace) {
  if (metaspace.value("replacement", "") != kSpace) unsupported("pre-tokenizer", metaspace);
  if (metaspace.value("split", true)) unsupported("pre-tokenizer with split", metaspace);
  const auto scheme = metaspace.value("prepend_scheme", "always");
  if (scheme == "always") return Prefix::unspaced;
  if (scheme == "first") return Prefix::first;
  if (scheme != "never") unsupported("pre-tokenizer", metaspace);
  return Prefix::none;
}

/// Prepend and Replace as a normalizer (Llama 2, TinyLlama), or Metaspace as a pre-tokenizer.
Prefix prefix_of_tokenizer_json(const json& parsed) {
  const auto normalizer = parsed.value("normalizer", json()), pre_tokenizer = parsed.value("pre_tokenizer", json());
  if (is_type(pre_tokenizer, "Metaspace")) {
    if (!normalizer.is_null()) unsupported("normalizer before Metaspace", normalizer);
    return prefix_of_metaspace(pre_tokenizer);
  }
  if (!pre_tokenizer.is_null()) unsupported("pre-tokenizer", pre_tokenizer);
  auto prefix = Prefix::none;
  const auto parts = is_type(normalizer, "Sequence") ? normalizer.at("normalizers") : json::array({normalizer});
  for (const auto& part : parts) {
    const bool prepends = is_type(part, "Prepend") && part.at("prepend") == kSpace;
    const bool replaces =
        is_type(part, "Replace") && part.at("pattern") == json{{"String", " "}} && part.at("content") == kSpace;
    if (!prepends && !replaces) unsupported("normalizer", part);
    if (prepends) prefix = Prefix::all;
  }
  return prefix;
}

AddedToken read_raw(const json& value, const json& id) {
  auto token = read_added_token(value, id);
  if (token.normalized) unsupported("a normalized added token with tokenizer.model", token.content);
  return token;
}

void check_same_ids(const json& vocab, const Pieces& pieces) {
  for (size_t id = 0; id < pieces.size(); ++id) {
    const auto found = vocab.find(pieces[id]);
    if (found == vocab.end() || *found != id)
      throw InputError(fmt::format("'{}' is {} here, {} in tokenizer.model", pieces[id],
                                   found == vocab.end() ? "no token" : found->dump(), id));
  }
}

void read_tokenizer_json(const json& parsed, const Pieces& pieces, Settings& settings) {
  check_same_ids(parsed.at("model").at("vocab"), pieces);
  settings.prefix = prefix_of_tokenizer_json(parsed);
  for (const auto& value : parsed.value("added_tokens", json::array()))
    settings.added.push_back(read_raw(value, value.at("id")));
  const auto bos = read_bos(parsed.value("post_processor", json()));
  const auto is_bos = [&](const AddedToken& token) { return token.id == bos; };
  if (bos && *bos >= static_cast<int64_t>(pieces.size()) && std::ranges::none_of(settings.added, is_bos))
    throw InputError(fmt::format("post-processor: no token has the id {}", *bos));
  settings.bos = {.id = bos, .is_added = bos.has_value()};
}

int64_t id_of(const std::string& content, const std::vector<AddedToken>& added, const Pieces& pieces) {
  for (const auto& token : added) {
    if (token.content == content) return token.id;
  }
  const auto piece = std::find(pieces.begin(), pieces.end(), content);
  if (piece == pieces.end()) throw InputError(fmt::format("bos_token '{}' is not a token", content));
  return piece - pieces.begin();
}

/// `bos_token` is a string, an object with its `content`, or null: none is added then.
void read_config_bos(const json& parsed, const Pieces& pieces, Settings& settings) {
  const auto token = parsed.value("bos_token", json());
  if (!token.is_null()) {
    const auto& content = token.is_object() ? token.at("content") : token;
    settings.bos.id = id_of(content.get<std::string>(), settings.added, pieces);
  }
  const bool is_none = parsed.contains("bos_token") && token.is_null();
  settings.bos.is_added = parsed.value("add_bos_token", false) && !is_none;
}

void read_tokenizer_config(const json& parsed, const Pieces& pieces, Settings& settings) {
  if (parsed.contains("legacy") && parsed["legacy"] == false) settings.prefix = Prefix::first;
  const auto listed = parsed.value("added_tokens_decoder", json::object());
  for (const auto& [key, value] : listed.items()) settings.added.push_back(read_raw(value, json::parse(key)));
  read_config_bos(parsed, pieces, settings);
}

void read_added_tokens(const json& parsed, const Pieces&, Settings& settings) {
  for (const auto& [content, id] : parsed.items()) settings.added.push_back(read_raw({{"content", content}}, id));
}

}  // namespace

Settings read_settings(const fs::path& folder, const Pieces& pieces) {
  Settings settings;
  const auto read = [&](const char* name, const auto& into_settings) {
    const auto file = folder / name;
    if (!fs::exists(file)) return false;
    const auto parsed = files::parse_json(files::read_file(file, kMaxFile), file.string());
    naming(file, [&] { into_settings(parsed, pieces, settings); });
    settings.files.push_back(file);
    return true;
  };
  if (read("tokenizer.json", read_tokenizer_json)) return settings;
  read("added_tokens.json", read_added_tokens);
  read("tokenizer_config.json", read_tokenizer_config);
  return settings;
}

}  // namespace sinkscope::text
