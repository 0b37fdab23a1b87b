#include "sinkscope/app/provenance.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "app/build_info.h"
#include "sinkscope/error.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::app {

using nlohmann::json;

namespace {

/// SHA-256 of the SHA-256s of every block of 16 MiB of the files, in order: all their bytes, on all cores, read past
/// the mapped pages.
std::string hash_weights(const model::Checkpoint& checkpoint) {
  constexpr int64_t kBlock = 16 << 20;
  std::string digests;
  for (const auto& file : checkpoint.weight_files()) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw InputError(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
    const auto size = static_cast<int64_t>(std::filesystem::file_size(file));
    std::vector<std::string> of_block(static_cast<size_t>((size + kBlock - 1) / kBlock));
    at::parallel_for(0, static_cast<int64_t>(of_block.size()), 1, [&](int64_t begin, int64_t end) {
      std::string block;
      for (int64_t i = begin; i < end; ++i) {
        block.resize(static_cast<size_t>(std::min(kBlock, size - i * kBlock)));
        const ssize_t got = pread(fd, block.data(), block.size(), i * kBlock);
        if (got == static_cast<ssize_t>(block.size())) of_block[i] = result::sha256(block);
      }
    });
    close(fd);
    for (const auto& digest : of_block) {
      if (digest.empty()) throw InputError(fmt::format("{}: a block of it cannot be read", file.string()));
      digests += digest;
    }
  }
  return result::sha256(digests);
}

/// Its type, its base, and the parameters that this type reads.
nlohmann::ordered_json describe_rope(const model::RopeConfig& rope) {
  const auto or_null = [](const std::optional<double>& x) { return x ? json(*x) : json(); };
  switch (rope.type) {
    case model::RopeType::linear: return {{"type", "linear"}, {"theta", rope.theta}, {"factor", rope.factor}};
    case model::RopeType::llama3:
      return {{"type", "llama3"},
              {"theta", rope.theta},
              {"factor", rope.factor},
              {"original_max_positions", rope.original_max_positions},
              {"low_freq_factor", rope.low_freq_factor},
              {"high_freq_factor", rope.high_freq_factor}};
    case model::RopeType::yarn:
      return {{"type", "yarn"},
              {"theta", rope.theta},
              {"factor", rope.factor},
              {"original_max_positions", rope.original_max_positions},
              {"beta_fast", rope.beta_fast},
              {"beta_slow", rope.beta_slow},
              {"truncate", rope.truncate},
              {"attention_factor", or_null(rope.attention_factor)},
              {"mscale", or_null(rope.mscale)},
              {"mscale_all_dim", or_null(rope.mscale_all_dim)}};
    default: return {{"type", "default"}, {"theta", rope.theta}};
  }
}

/// Of all layers, or a list of one per layer.
nlohmann::ordered_json describe_ropes(const model::Config& config) {
  if (config.ropes.size() == 1) return describe_rope(config.ropes[0]);
  auto by_layer = nlohmann::ordered_json::array();
  for (int64_t layer = 0; layer < config.n_layers; ++layer)
    by_layer.push_back(describe_rope(config.ropes[config.layer(layer).rope]));
  return by_layer;
}

/// The same of the sliding windows; null where there is none.
json describe_windows(const model::Config& config) {
  const auto window = [](const model::LayerConfig& layer) { return layer.window > 0 ? json(layer.window) : json(); };
  if (config.layers.size() == 1) return window(config.layers[0]);
  auto by_layer = json::array();
  for (int64_t layer = 0; layer < config.n_layers; ++layer) by_layer.push_back(window(config.layer(layer)));
  return by_layer;
}

}  // namespace

nlohmann::ordered_json describe_config(const model::Config& c) {
  return {{"model_type", c.model_type},
          {"n_layers", c.n_layers},
          {"d_model", c.d_model},
          {"n_heads", c.n_heads},
          {"n_kv_heads", c.n_kv_heads},
          {"d_head", c.d_head},
          {"d_mlp", c.d_mlp},
          {"vocab_size", c.vocab_size},
          {"tied", c.tied},
          {"qk_norm", c.qk_norm},
          {"qkv_bias", c.qkv_bias},
          {"sliding_window", describe_windows(c)},
          {"rope", describe_ropes(c)},
          {"parameters", model::parameter_count(c)}};
}

json describe_model(const model::Checkpoint& checkpoint, const RunOptions& options) {
  json model{{"path", options.model},
             {"revision", options.revision.empty() ? json() : json(options.revision)},
             {"name", std::filesystem::path(options.model).filename().string()},
             {"config_sha256", result::sha256_file(checkpoint.config_file())},
             {"weights_sha256", hash_weights(checkpoint)},
             {"checkpoint_dtype", checkpoint.config().dtype},
             {"planted", std::filesystem::exists(checkpoint.dir() / "planted.json")}};
  model.update(json(describe_config(checkpoint.config())));
  return model;
}

json describe_tokenizer(const text::Tokenizer& tokenizer) {
  auto beside = json::object();
  for (const auto& file : tokenizer.beside()) beside[file.filename().string()] = result::sha256_file(file);
  const auto& file = tokenizer.file();
  return {
      {"path", file.string()}, {"sha256", result::sha256_file(file)}, {"beside", beside}, {"size", tokenizer.size()}};
}

namespace {

/// Of several; sample i is of text i mod their number.
json describe_texts(const std::vector<text::TextShare>& texts) {
  auto list = json::array();
  for (const auto& text : texts) {
    list.push_back({{"name", text.name},
                    {"path", text.file.string()},
                    {"sha256", result::sha256_file(text.file)},
                    {"samples", text.samples},
                    {"text_tokens", text.tokens}});
  }
  return list;
}

}  // namespace

json describe_data(const text::Samples& samples, const RunOptions& options) {
  const auto& file = options.tokens.empty() ? options.text : options.tokens;
  const bool is_random = options.tokens == "random", from_file = !file.empty() && !is_random && samples.texts.empty();
  std::vector<size_t> lengths;
  for (const auto& row : samples.ids) lengths.push_back(row.size());
  const size_t longest = *std::max_element(lengths.begin(), lengths.end());
  if (samples.slice == "vocabulary") lengths.clear();  // one token each; the list would be as long as the vocabulary
  json data{{"path", from_file ? json(file) : json()},
            {"sha256", from_file ? json(result::sha256_file(file)) : json()},
            {"slice", is_random ? "random" : samples.slice},
            {"samples", samples.ids.size()},
            {"length", longest},
            {"lengths", lengths},
            {"starts", samples.starts},
            {"text_tokens", samples.text_tokens},
            {"bos", samples.bos ? json(*samples.bos) : json("none")}};
  if (!samples.texts.empty()) data["texts"] = describe_texts(samples.texts);
  return data;
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
  if (identity["data"].contains("texts")) {
    for (auto& text : identity["data"]["texts"]) text.erase("path"), text.erase("name");
  }
  const std::string device = identity["numerics"].at("device");
  identity["numerics"]["device"] = device.substr(0, device.find(':'));
  return identity;
}

}  // namespace sinkscope::app
