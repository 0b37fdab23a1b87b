#include "text/sentencepiece_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "text/unsupported.h"

namespace sinkscope::text {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

AddedToken read_raw(const json& value, const json& id) {
  auto token = read_added_token(value);
  token.id = read_id(id, token.content);
  token.normalized = value.value("normalized", false);
  if (token.normalized) unsupported("a normalized added token with tokenizer.model", token.content);
  return token;
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
    settings.bos = id_of(content.get<std::string>(), settings.added, pieces);
  }
  const bool is_none = parsed.contains("bos_token") && token.is_null();
  settings.adds_bos = parsed.value("add_bos_token", false) && !is_none;
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
    if (!fs::exists(file)) return;
    const auto parsed = files::parse_json(files::read_file(file, kMaxFile), file.string());
    naming(file, [&] { into_settings(parsed, pieces, settings); });
    settings.files.push_back(file);
  };
  read("added_tokens.json", read_added_tokens);
  read("tokenizer_config.json", read_tokenizer_config);
  return settings;
}

}  // namespace sinkscope::text
