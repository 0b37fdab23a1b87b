#include "sinkscope/model/checkpoint.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <tuple>

#include "sinkscope/model/random_checkpoint.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

namespace fs = std::filesystem;

class CheckpointFolder : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("sinkscope_checkpoint_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static model::Config small() {
    auto c = tiny_config();
    c.dtype = "bfloat16";
    return c;
  }
};

TEST_F(CheckpointFolder, SafetensorsComeBackAsWritten) {
  const auto a = at::randn({3, 5}), b = at::randn({7}).to(at::kBFloat16), empty = at::zeros({0, 4});
  const auto scalar = at::full({}, 2.5);
  model::write_safetensors(folder_ / "x.safetensors",
                           {{"b", b}, {"a", a}, {"empty", empty}, {"scalar", scalar.to(at::kFloat)}}, {{"k", "v"}});
  const auto file = model::SafetensorsFile::open(folder_ / "x.safetensors");
  EXPECT_TRUE(at::equal(file.tensor("a"), a));  // after seven 2-byte numbers: not aligned, so copied
  EXPECT_TRUE(at::equal(file.tensor("b"), b));
  EXPECT_EQ(file.tensor("empty").sizes(), empty.sizes());
  EXPECT_EQ(file.tensor("scalar").item<float>(), 2.5f);
  EXPECT_EQ(file.metadata().at("k"), "v");
  expect_input_error([&] { file.tensor("c"); }, {"'c'", "x.safetensors"});
}

TEST_F(CheckpointFolder, ATensorKeepsItsMappingAlive) {
  model::write_safetensors(folder_ / "x.safetensors", {{"a", at::arange(1000, at::kFloat)}}, {});
  at::Tensor kept;
  { kept = model::SafetensorsFile::open(folder_ / "x.safetensors").tensor("a"); }
  EXPECT_EQ(kept.sum().item<float>(), 999 * 500);
}

TEST_F(CheckpointFolder, RandomCheckpointsAreSeededAndShardedAndComplete) {
  model::write_random_checkpoint(small(), 3, folder_ / "one");
  model::write_random_checkpoint(small(), 3, folder_ / "again");
  model::write_random_checkpoint(small(), 4, folder_ / "other");
  model::write_random_checkpoint(small(), 3, folder_ / "shards", /*shard_bytes=*/20'000);
  EXPECT_EQ(bytes_of(folder_ / "one/model.safetensors"), bytes_of(folder_ / "again/model.safetensors"));
  EXPECT_NE(bytes_of(folder_ / "one/model.safetensors"), bytes_of(folder_ / "other/model.safetensors"));
  const auto one = model::Checkpoint::open(folder_ / "one"), shards = model::Checkpoint::open(folder_ / "shards");
  EXPECT_FALSE(fs::exists(folder_ / "shards/model.safetensors"));
  for (const auto& spec : model::tensor_specs(one.config()))
    EXPECT_TRUE(at::equal(one.tensor(spec.name), shards.tensor(spec.name)));
  EXPECT_NEAR(one.tensor("model.embed_tokens.weight").to(at::kFloat).std().item<float>(), 0.02, 0.001);
  EXPECT_EQ(one.config().n_layers, 3);
  EXPECT_EQ(one.config().d_head, 16);
}

TEST_F(CheckpointFolder, KnownShapesHaveThePublishedSizes) {
  // Parameters with and without the tied head, from the published checkpoints' own counts.
  EXPECT_EQ(model::parameter_count(model::known_shape("qwen3-8b")), 8'190'735'360);
  EXPECT_EQ(model::parameter_count(model::known_shape("qwen3-0.6b")), 596'049'920);
  EXPECT_EQ(model::parameter_count(model::known_shape("qwen3-4b")), 4'022'468'096);
  EXPECT_EQ(model::parameter_count(model::known_shape("qwen2.5-7b")), 7'615'616'512);
  EXPECT_EQ(model::parameter_count(model::known_shape("qwen2.5-0.5b")), 494'032'768);
  EXPECT_EQ(model::parameter_count(model::known_shape("smollm2-135m")), 134'515'008);
  EXPECT_EQ(model::parameter_count(model::known_shape("llama-2-7b")), 6'738'415'616);
  EXPECT_EQ(model::parameter_count(model::known_shape("llama-3.1-8b")), 8'030'261'248);
  EXPECT_EQ(model::parameter_count(model::known_shape("mistral-7b-v0.1")), 7'241'732'096);
  expect_input_error([] { model::known_shape("qwen3-9b"); }, {"qwen3-9b", "qwen3-8b"});
}

/// What a parameter count does not tell, from the config.json of meta-llama/Llama-2-7b-hf, meta-llama/Llama-3.1-8B,
/// mistralai/Mistral-7B-v0.1 and Qwen/Qwen2.5-7B.
TEST(KnownShapes, HaveThePublishedFacts) {
  struct Facts {
    const char* name;
    int64_t n_heads, n_kv_heads, d_head, max_positions, sliding_window;
    double theta, rms_norm_eps;
    const char* dtype;
  };
  for (const auto& f : {Facts{"llama-2-7b", 32, 32, 128, 4096, 0, 1e4, 1e-5, "float16"},
                        Facts{"llama-3.1-8b", 32, 8, 128, 131072, 0, 5e5, 1e-5, "bfloat16"},
                        Facts{"mistral-7b-v0.1", 32, 8, 128, 32768, 4096, 1e4, 1e-5, "bfloat16"},
                        Facts{"qwen2.5-7b", 28, 4, 128, 131072, 0, 1e6, 1e-6, "bfloat16"}}) {
    const auto c = model::known_shape(f.name);
    EXPECT_EQ(std::tie(c.n_heads, c.n_kv_heads, c.d_head, c.max_positions, c.layers[0].window),
              std::tie(f.n_heads, f.n_kv_heads, f.d_head, f.max_positions, f.sliding_window))
        << f.name;
    EXPECT_EQ(std::tie(c.ropes[0].theta, c.rms_norm_eps), std::tie(f.theta, f.rms_norm_eps)) << f.name;
    EXPECT_EQ(c.dtype, f.dtype) << f.name;
    EXPECT_FALSE(c.tied) << f.name;
  }
  const auto rope = model::known_shape("llama-3.1-8b").ropes[0];
  EXPECT_EQ(rope.type, model::RopeType::llama3);
  EXPECT_EQ(std::tuple(rope.factor, rope.low_freq_factor, rope.high_freq_factor, rope.original_max_positions),
            std::tuple(8.0, 1.0, 4.0, 8192));
}

TEST_F(CheckpointFolder, EveryPublishedShapeComesBackAsItIsWritten) {
  for (const auto& name : model::known_shapes()) {
    auto wanted = model::known_shape(name);
    wanted.n_layers = 1;
    wanted.vocab_size = wanted.d_mlp = wanted.d_head = 2;  // little to write
    wanted.d_model = 2 * wanted.n_heads;
    wanted.dtype = "bfloat16";
    model::write_random_checkpoint(wanted, 1, folder_ / name);
    const auto read = model::Checkpoint::open(folder_ / name).config();
    EXPECT_EQ(read.model_type, wanted.model_type) << name;
    EXPECT_EQ(read.n_kv_heads, wanted.n_kv_heads) << name;
    EXPECT_EQ(read.d_head, wanted.d_head) << name;
    EXPECT_EQ(read.max_positions, wanted.max_positions) << name;
    EXPECT_EQ(read.rms_norm_eps, wanted.rms_norm_eps) << name;
    EXPECT_EQ(read.tied, wanted.tied) << name;
    EXPECT_EQ(read.qk_norm, wanted.qk_norm) << name;
    EXPECT_EQ(read.qkv_bias, wanted.qkv_bias) << name;
    EXPECT_EQ(read.layers[0].window, wanted.layers[0].window) << name;
    EXPECT_EQ(read.ropes[0].type, wanted.ropes[0].type) << name;
    EXPECT_EQ(read.ropes[0].theta, wanted.ropes[0].theta) << name;
    EXPECT_EQ(read.ropes[0].factor, wanted.ropes[0].factor) << name;
    EXPECT_EQ(read.ropes[0].low_freq_factor, wanted.ropes[0].low_freq_factor) << name;
    EXPECT_EQ(read.ropes[0].high_freq_factor, wanted.ropes[0].high_freq_factor) << name;
    EXPECT_EQ(read.ropes[0].original_max_positions, wanted.ropes[0].original_max_positions) << name;
  }
}

TEST_F(CheckpointFolder, DamagedFilesAreErrorsAndNeverCrashes) {
  model::write_random_checkpoint(small(), 1, folder_ / "m");
  const auto weights = bytes_of(folder_ / "m/model.safetensors"), config = bytes_of(folder_ / "m/config.json");
  const size_t header = 8 + *reinterpret_cast<const uint64_t*>(weights.data());
  std::mt19937 draw(3);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    auto bad_weights = weights, bad_config = config;
    if (i % 4 == 0) bad_weights.resize(draw() % weights.size());
    if (i % 4 == 1) bad_config.resize(draw() % config.size());
    if (i % 4 == 2) bad_weights[draw() % header] = static_cast<char>(draw());
    if (i % 4 == 3) bad_config[draw() % config.size()] = static_cast<char>(draw());
    write("m/model.safetensors", bad_weights);
    write("m/config.json", bad_config);
    try {
      model::Checkpoint::open(folder_ / "m").tensor("model.norm.weight");
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1200);
}

TEST_F(CheckpointFolder, IdsResolveInTheOfflineCache) {
  const auto snapshot = folder_ / "hub" / "models--Qwen--Qwen3-8B" / "snapshots" / "abc123";
  fs::create_directories(snapshot);
  fs::create_directories(folder_ / "hub/models--Qwen--Qwen3-8B/refs");
  write("hub/models--Qwen--Qwen3-8B/refs/main", "abc123");
  setenv("HF_HUB_CACHE", (folder_ / "hub").c_str(), 1);
  EXPECT_EQ(model::resolve_model("Qwen/Qwen3-8B", ""), snapshot);
  EXPECT_EQ(model::resolve_model("Qwen/Qwen3-8B", "abc123"), snapshot);
  EXPECT_EQ(model::resolve_model(snapshot.string(), ""), snapshot);
  expect_input_error([] { model::resolve_model("Qwen/Qwen3-8B", "v2"); }, {"v2"});
  expect_input_error([] { model::resolve_model("Qwen/Other", ""); }, {"Qwen/Other", "hub"});
  expect_input_error([] { model::resolve_model("../../none-such", ""); }, {"../../none-such"});
  unsetenv("HF_HUB_CACHE");
  setenv("HF_HOME", folder_.c_str(), 1);
  EXPECT_EQ(model::resolve_model("Qwen/Qwen3-8B", ""), snapshot);
  unsetenv("HF_HOME");
}

TEST_F(CheckpointFolder, ConfigsOfBothGenerationsAreRead) {
  model::write_random_checkpoint(small(), 1, folder_ / "m");
  auto json = nlohmann::json::parse(bytes_of(folder_ / "m/config.json"));
  const auto read = [&](const nlohmann::json& j) { return model::read_config(write("c.json", j.dump())); };
  EXPECT_EQ(read(json).ropes[0].theta, 10000);
  json.erase("rope_theta");
  json.erase("rope_scaling");
  json.erase("torch_dtype");
  json["dtype"] = "float32";
  json["rope_parameters"] = {
      {"rope_type", "yarn"}, {"rope_theta", 5e6}, {"factor", 4.0}, {"original_max_position_embeddings", 32768}};
  const auto yarn = read(json);
  EXPECT_EQ(yarn.ropes[0].theta, 5e6);
  EXPECT_EQ(yarn.ropes[0].type, model::RopeType::yarn);
  EXPECT_EQ(yarn.ropes[0].original_max_positions, 32768);
  EXPECT_EQ(yarn.dtype, "float32");
  json["rope_parameters"] = {{"rope_type", "linear"}, {"rope_theta", 1e4}, {"factor", 2.0}};
  EXPECT_EQ(read(json).ropes[0].factor, 2);
  json.erase("rope_parameters");
  EXPECT_EQ(read(json).ropes[0].theta, 10000);
  json["model_type"] = "llama";  // Llama 2 does not write head_dim
  json.erase("head_dim");
  json["hidden_size"] = 48;
  EXPECT_EQ(read(json).ropes[0].theta, 10000);
  EXPECT_EQ(read(json).d_head, 8);
}

}  // namespace
}  // namespace sinkscope::tests
