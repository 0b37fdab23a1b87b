#include "text/auto/class_pipelines.h"

#include <fmt/format.h>

#include "sinkscope/error.h"
#include "text/models/model.h"
#include "text/patterns/scanners.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

constexpr const char* kSign = "▁";

constexpr const char* kQwen35Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

json byte_level(bool adds_prefix, bool has_pattern) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", adds_prefix}, {"use_regex", has_pattern}};
}

json sequence(const char* key, const json& parts) {
  return {{"type", "Sequence"}, {key, parts}};
}

json replace(const char* text, const char* content) {
  return {{"type", "Replace"}, {"pattern", {{"String", text}}}, {"content", content}};
}

bool flag(const json& config, const char* key, bool otherwise) {
  const auto value = config.value(key, json());
  return value.is_null() ? otherwise : value.get<bool>();
}

/// Qwen2Tokenizer and Qwen3_5Tokenizer.
void qwen(const char* pattern, const json& config, json& pipeline) {
  const json split = {
      {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  pipeline["normalizer"] = {{"type", "NFC"}};
  pipeline["pre_tokenizer"] =
      sequence("pretokenizers", {split, byte_level(flag(config, "add_prefix_space", false), false)});
  pipeline["decoder"] = {{"type", "ByteLevel"}};
}

void gpt2(const json& config, json& pipeline) {
  pipeline["pre_tokenizer"] = byte_level(flag(config, "add_prefix_space", false), true);
  pipeline["decoder"] = {{"type", "ByteLevel"}};
}

/// And without a BOS, whatever the file's post-processor puts.
void gpt_neox(const json& config, json& pipeline) {
  gpt2(config, pipeline);
  pipeline["normalizer"] = {{"type", "NFC"}};
  pipeline["post_processor"] = nullptr;
}

void cohere(const json& config, json& pipeline) {
  gpt2(config, pipeline);
  pipeline["normalizer"] = {{"type", "NFC"}};
  pipeline["pre_tokenizer"] =
      sequence("pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, pipeline["pre_tokenizer"]});
}

void llama(const json& config, json& pipeline) {
  const bool adds_prefix = flag(config, "add_prefix_space", true), is_legacy = flag(config, "legacy", false);
  const auto* scheme = !adds_prefix ? "never" : is_legacy ? "always" : "first";
  pipeline["model"]["fuse_unk"] = pipeline["model"]["byte_fallback"] = true;
  pipeline["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", kSign}, {"prepend_scheme", scheme}, {"split", false}};
  json decoders = {replace(kSign, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (adds_prefix) decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  pipeline["decoder"] = sequence("decoders", decoders);
}

void gemma(const json& config, json& pipeline) {
  const auto unknown = config.value("unk_token", json("<unk>"));
  pipeline["model"]["fuse_unk"] = pipeline["model"]["byte_fallback"] = true;
  pipeline["model"]["unk_token"] = unknown.is_object() ? unknown.at("content") : unknown;
  pipeline["normalizer"] = replace(" ", kSign);
  pipeline["pre_tokenizer"] = {
      {"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}, {"invert", false}};
  pipeline["decoder"] = sequence("decoders", {replace(kSign, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
}

}  // namespace

json class_pipeline(const std::string& name, json file, const json& config) {
  auto& model = file.at("model");
  if (const auto kind = kind_of_model(model); kind != "BPE")
    throw InputError(fmt::format("{} takes a BPE model, found {}", name, kind));
  json pipeline = {{"model", {{"type", "BPE"}}}, {"post_processor", file.value("post_processor", json())}};
  for (const auto* key : {"vocab", "merges"}) pipeline["model"][key] = std::move(model.at(key));
  if (name == "Qwen2Tokenizer")
    qwen(kQwenPattern, config, pipeline);
  else if (name == "Qwen3_5Tokenizer")
    qwen(kQwen35Pattern, config, pipeline);
  else if (name == "GPT2Tokenizer")
    gpt2(config, pipeline);
  else if (name == "GPTNeoXTokenizer")
    gpt_neox(config, pipeline);
  else if (name == "CohereTokenizer")
    cohere(config, pipeline);
  else if (name == "LlamaTokenizer")
    llama(config, pipeline);
  else if (name == "GemmaTokenizer")
    gemma(config, pipeline);
  else
    throw InputError(
        fmt::format("transformers builds {}'s own pipeline here, which is not supported; with "
                    "\"tokenizer_class\": \"PreTrainedTokenizerFast\" in tokenizer_config.json both take "
                    "tokenizer.json as it is",
                    name));
  return pipeline;
}

json class_special_tokens(const std::string& name) {
  const auto* end = "<|endoftext|>";
  if (name == "Qwen2Tokenizer" || name == "Qwen3_5Tokenizer")
    return {{"unk_token", end}, {"eos_token", end}, {"pad_token", end}};
  if (name == "GPT2Tokenizer") return {{"unk_token", end}, {"bos_token", end}, {"eos_token", end}};
  if (name == "GPTNeoXTokenizer")
    return {{"unk_token", end}, {"bos_token", end}, {"eos_token", end}, {"pad_token", "<|padding|>"}};
  if (name == "LlamaTokenizer") return {{"unk_token", "<unk>"}, {"bos_token", "<s>"}, {"eos_token", "</s>"}};
  if (name == "GemmaTokenizer")
    return {{"unk_token", "<unk>"},
            {"bos_token", "<bos>"},
            {"eos_token", "<eos>"},
            {"pad_token", "<pad>"},
            {"mask_token", "<mask>"}};
  if (name == "CohereTokenizer")
    return {{"unk_token", "<UNK>"},        {"bos_token", "<BOS_TOKEN>"}, {"eos_token", "<|END_OF_TURN_TOKEN|>"},
            {"pad_token", "<PAD>"},        {"cls_token", "<CLS>"},       {"sep_token", "<SEP>"},
            {"mask_token", "<MASK_TOKEN>"}};
  return json::object();
}

}  // namespace sinkscope::text
