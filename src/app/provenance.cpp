#include "provenance.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "build_info.h"
#include "sinkscope/model/config.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::app {

using nlohmann::json;

json describe_model(const model::Checkpoint& checkpoint, const RunOptions& options) {
  const auto& c = checkpoint.config();
  return {{"path", options.model},
          {"revision", options.revision.empty() ? json() : json(options.revision)},
          {"name", std::filesystem::path(options.model).filename().string()},
          {"config_sha256", result::sha256_file(checkpoint.config_file())},
          {"weights_sha256", result::sha256(checkpoint.identifying_bytes())},
          {"model_type", c.model_type},
          {"n_layers", c.n_layers},
          {"d_model", c.d_model},
          {"n_heads", c.n_heads},
          {"n_kv_heads", c.n_kv_heads},
          {"d_head", c.d_head},
          {"d_mlp", c.d_mlp},
          {"vocab_size", c.vocab_size},
          {"tied", c.tied},
          {"parameters", model::parameter_count(c)},
          {"checkpoint_dtype", c.dtype},
          {"planted", std::filesystem::exists(checkpoint.dir() / "planted.json")}};
}

json describe_tokenizer(const std::filesystem::path& tokenizer_json, const text::Tokenizer& tokenizer) {
  return {
      {"path", tokenizer_json.string()}, {"sha256", result::sha256_file(tokenizer_json)}, {"size", tokenizer.size()}};
}

json describe_data(const text::Samples& samples, const RunOptions& options) {
  const auto& file = options.tokens.empty() ? options.text : options.tokens;
  const bool is_random = options.tokens == "random", from_file = !file.empty() && !is_random;
  std::vector<size_t> lengths;
  for (const auto& row : samples.ids) lengths.push_back(row.size());
  const size_t longest = *std::max_element(lengths.begin(), lengths.end());
  if (samples.slice == "vocabulary") lengths.clear();  // one token each; the list would be as long as the vocabulary
  return {{"path", from_file ? json(file) : json()},
          {"sha256", from_file ? json(result::sha256_file(file)) : json()},
          {"slice", is_random ? "random" : samples.slice},
          {"samples", samples.ids.size()},
          {"length", longest},
          {"lengths", lengths},
          {"starts", samples.starts},
          {"text_tokens", samples.text_tokens},
          {"bos", "none"}};
}

json describe_build() {
  return {{"version", kVersion}, {"git", kGit}, {"libtorch", kLibtorch}, {"compiler", kCompiler}};
}

json identity_of(const json& result) {
  json identity;
  for (const char* section : {"model", "tokenizer", "data", "numerics", "build"})
    identity[section] = result.at(section);
  for (const char* place : {"path", "revision", "name"}) identity["model"].erase(place);
  if (identity["tokenizer"].is_object()) identity["tokenizer"].erase("path");
  identity["data"].erase("path");
  const std::string device = identity["numerics"].at("device");
  identity["numerics"]["device"] = device.substr(0, device.find(':'));
  return identity;
}

std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string line;
  for (std::string word; std::getline(in, word, '\0');) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`;&|<>()*?[]{}") == std::string::npos;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += (line.empty() ? "" : " ") + (plain ? word : quoted + "'");
  }
  return line;
}

}  // namespace sinkscope::app
