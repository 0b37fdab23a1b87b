#include "sentencepiece_settings.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "tokenizer_parts.h"

namespace sinkscope::text {

using nlohmann::json;
namespace fs = std::filesystem;

std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file)) throw InputError("cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

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

bool is_type(const json& value, const char* type) {
  return value.is_object() && value.value("type", "") == type;
}

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
  if (token.normalized) unsupported("an added token with normalized beside tokenizer.model", token.content);
  return token;
}

void check_same_ids(const json& vocab, const std::vector<std::string>& pieces) {
  for (size_t id = 0; id < pieces.size(); ++id) {
    const auto found = vocab.find(pieces[id]);
    if (found == vocab.end() || *found != id)
      throw InputError(fmt::format("'{}' is {} here, {} in tokenizer.model", pieces[id],
                                   found == vocab.end() ? "no token" : found->dump(), id));
  }
}

Settings read_tokenizer_json(const json& parsed, const std::vector<std::string>& pieces) {
  check_same_ids(parsed.at("model").at("vocab"), pieces);
  Settings settings{prefix_of_tokenizer_json(parsed), {}};
  for (const auto& value : parsed.value("added_tokens", json::array()))
    settings.added.push_back(read_raw(value, value.at("id")));
  return settings;
}

Settings read_tokenizer_config(const json& parsed) {
  Settings settings;
  if (parsed.contains("legacy") && parsed["legacy"] == false) settings.prefix = Prefix::first;
  const auto listed = parsed.value("added_tokens_decoder", json::object());
  for (const auto& [key, value] : listed.items()) settings.added.push_back(read_raw(value, json::parse(key)));
  return settings;
}

Settings read_added_tokens(const json& parsed) {
  Settings settings;
  for (const auto& [content, id] : parsed.items()) settings.added.push_back(read_raw({{"content", content}}, id));
  return settings;
}

/// Reads one of the files beside the model; false where it is not there.
bool read_beside(const fs::path& file, const std::function<void(const json&)>& take) {
  if (!fs::exists(file)) return false;
  naming(file, [&] { take(json::parse(read_bytes(file))); });
  return true;
}

}  // namespace

Settings read_settings(const fs::path& folder, const std::vector<std::string>& pieces) {
  Settings settings;
  if (read_beside(folder / "tokenizer.json", [&](const json& j) { settings = read_tokenizer_json(j, pieces); }))
    return settings;
  read_beside(folder / "added_tokens.json", [&](const json& j) { settings = read_added_tokens(j); });
  read_beside(folder / "tokenizer_config.json", [&](const json& j) {
    auto more = read_tokenizer_config(j);
    settings.prefix = more.prefix;
    settings.added.insert(settings.added.end(), more.added.begin(), more.added.end());
  });
  return settings;
}

}  // namespace sinkscope::text
