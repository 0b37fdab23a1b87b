// tokenizer.json, or vocab.json with merges.txt, and the files beside it, as transformers' AutoTokenizer joins them.

#include <fmt/format.h>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "text/auto/auto_class.h"
#include "text/auto/class_pipelines.h"
#include "text/auto/joined_tokens.h"
#include "text/pipeline.h"
#include "text/unsupported.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

void check_config(const json& config) {
  for (const auto* key : {"split_special_tokens", "fast_tokenizer_files"}) {
    const auto value = config.value(key, json());
    if (!value.is_null() && value != false) unsupported(fmt::format("{} in tokenizer_config.json", key), value);
  }
}

/// Classes that transformers makes of vocab.json and merges.txt; others would start with no vocabulary.
bool reads_vocabulary(const std::string& name) {
  return name == "GPT2Tokenizer" || name == "Qwen2Tokenizer" || name == "GPTNeoXTokenizer" || name == "CohereTokenizer";
}

json read_merges(const fs::path& file) {
  auto merges = json::array();
  const auto text = files::read_file(file, kMaxFile);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    merges.push_back(std::move(line));
    at = end + 1;
  }
  return merges;
}

/// Without a tokenizer.json, tokenizer_config.json says what is put around a text.
void put_around(const json& config, TokenizerParts& parts) {
  if (config.value("add_bos_token", false) && parts.bos) parts.special.before = {*parts.bos};
  if (config.value("add_eos_token", false) && parts.eos) parts.special.after = {*parts.eos};
}

}  // namespace

TokenizerParts read_tokenizer_json(const fs::path& tokenizer_json) {
  auto file = files::parse_json(files::read_file(tokenizer_json, kMaxFile), tokenizer_json.string());
  const auto beside = read_folder(tokenizer_json.parent_path());
  TokenizerParts parts;
  naming(tokenizer_json.parent_path() / "tokenizer_config.json", [&] { check_config(beside.tokenizer_config); });
  naming(tokenizer_json, [&] {
    const auto name = auto_class(beside);
    const bool is_rebuilt = name != kTakesFileAsItIs;
    const auto own = file.value("added_tokens", json::array());
    const auto joined = join_tokens(beside, own, is_rebuilt, name);
    if (is_rebuilt) file = class_pipeline(name, std::move(file), beside.tokenizer_config);
    parts = make_pipeline(file, joined);
  });
  parts.beside = beside.read;
  return parts;
}

TokenizerParts read_vocab_json(const fs::path& vocab_json) {
  const auto folder = vocab_json.parent_path(), merges_file = folder / "merges.txt";
  const auto beside = read_folder(folder);
  json file = {{"model",
                {{"type", "BPE"},
                 {"vocab", files::parse_json(files::read_file(vocab_json, kMaxFile), vocab_json.string())},
                 {"merges", read_merges(merges_file)}}}};
  TokenizerParts parts;
  naming(vocab_json, [&] {
    check_config(beside.tokenizer_config);
    const auto name = auto_class(beside);
    if (!reads_vocabulary(name))
      throw InputError(
          fmt::format("a vocabulary and merges alone make a GPT2Tokenizer, Qwen2Tokenizer, GPTNeoXTokenizer or "
                      "CohereTokenizer, found {}; tokenizer_class in tokenizer_config.json says it, or a "
                      "tokenizer.json is needed",
                      name));
    const auto joined = join_tokens(beside, json::array(), true, name);
    parts = make_pipeline(class_pipeline(name, std::move(file), beside.tokenizer_config), joined);
    put_around(beside.tokenizer_config, parts);
  });
  parts.beside = beside.read;
  parts.beside.push_back(merges_file);
  return parts;
}

}  // namespace sinkscope::text
