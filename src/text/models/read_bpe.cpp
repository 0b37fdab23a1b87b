#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/models/bpe.h"
#include "text/unsupported.h"

namespace sinkscope::text::models {
namespace {

using nlohmann::json;

std::string text_of(const json& model, const char* key) {
  const auto value = model.value(key, json());
  return value.is_null() ? "" : value.get<std::string>();
}

bool flag_of(const json& model, const char* key) {
  const auto value = model.value(key, json());
  return !value.is_null() && value.get<bool>();
}

int32_t id_of(const Vocabulary& vocabulary, const std::string& token) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end())
    throw InputError(fmt::format("the vocabulary has no token '{}', which a merge needs", token));
  return static_cast<int32_t>(found->second);
}

/// "a b" or ["a", "b"].
std::pair<std::string, std::string> read_merge(const json& merge) {
  if (merge.is_array() && merge.size() == 2) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  const auto text = merge.get<std::string>();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
    throw InputError(fmt::format("merge '{}' is not a pair", text));
  return {text.substr(0, space), text.substr(space + 1)};
}

Merges read_merges(const json& list, const Vocabulary& vocabulary, const std::string& prefix) {
  Merges merges(list.size());
  uint32_t rank = 0;
  for (const auto& merge : list) {
    if (merge.is_string() && merge.get_ref<const std::string&>().starts_with("#version")) continue;
    const auto [left, right] = read_merge(merge);
    const auto whole = left + right.substr(std::min(prefix.size(), right.size()));
    merges.put(id_of(vocabulary, left), id_of(vocabulary, right), {rank++, id_of(vocabulary, whole)});
  }
  return merges;
}

}  // namespace

std::unique_ptr<Model> bpe(const json& model, const Vocabulary& vocabulary, Spelling spelling) {
  if (const auto dropout = model.value("dropout", json()); !dropout.is_null() && dropout != 0)
    unsupported("BPE with dropout, which draws its ids,", dropout);
  BpeSettings settings{.unknown = {},
                       .fuses_unknown = flag_of(model, "fuse_unk"),
                       .falls_back_to_bytes = flag_of(model, "byte_fallback"),
                       .takes_whole_pieces = flag_of(model, "ignore_merges"),
                       .prefix = text_of(model, "continuing_subword_prefix"),
                       .suffix = text_of(model, "end_of_word_suffix")};
  if (const auto unknown = model.value("unk_token", json()); !unknown.is_null())
    settings.unknown = unknown.get<std::string>();
  auto merges = read_merges(model.at("merges"), vocabulary, settings.prefix);
  if (spelling == Spelling::bytes) return std::make_unique<ByteBpe>(vocabulary, std::move(merges), settings);
  return std::make_unique<Bpe>(vocabulary, std::move(merges), settings);
}

}  // namespace sinkscope::text::models
