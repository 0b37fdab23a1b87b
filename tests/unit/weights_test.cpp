// The families' tables: every tensor of a checkpoint has its name, shape and role, and the pass reads it.

#include "sinkscope/model/weights.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <stdexcept>

#include "sinkscope/model/random_checkpoint.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

namespace fs = std::filesystem;
using model::Role;

/// A published shape with little in it.
model::Config shrunk(const std::string& name) {
  auto c = model::known_shape(name);
  c.n_layers = 2;
  c.vocab_size = 97;
  c.d_model = 40;
  c.n_heads = 6;
  c.n_kv_heads = 2;
  c.d_head = 16;
  c.d_mlp = 56;
  c.dtype = "bfloat16";
  return c;
}

/// As transformers' Qwen3ForCausalLM, Qwen2ForCausalLM, LlamaForCausalLM and MistralForCausalLM name their parameters.
std::set<std::string> names_of(const std::string& family, int64_t layers, bool tied) {
  std::set<std::string> names = {"model.embed_tokens.weight", "model.norm.weight"};
  if (!tied) names.insert("lm_head.weight");
  for (int64_t layer = 0; layer < layers; ++layer) {
    const auto at = "model.layers." + std::to_string(layer) + ".";
    for (const char* part :
         {"input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
          "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"})
      names.insert(at + part + ".weight");
    for (const char* part : {"q", "k"}) {
      if (family == "qwen3") names.insert(at + "self_attn." + part + "_norm.weight");
    }
    for (const char* part : {"q", "k", "v"}) {
      if (family == "qwen2") names.insert(at + "self_attn." + part + "_proj.bias");
    }
  }
  return names;
}

TEST(Weights, NamesAreTransformers) {
  for (const char* shape : {"qwen3-0.6b", "qwen3-8b", "qwen2.5-7b", "llama-2-7b", "mistral-7b-v0.1"}) {
    const auto config = shrunk(shape);
    std::set<std::string> names;
    for (const auto& spec : model::tensor_specs(config)) EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_EQ(names, names_of(config.model_type, 2, config.tied)) << shape;
  }
}

TEST(Weights, ShapesByHand) {
  const std::map<Role, std::vector<int64_t>> shapes = {
      {Role::embed, {97, 40}},  {Role::ln1, {40}},    {Role::q, {96, 40}},    {Role::k, {32, 40}},
      {Role::v, {32, 40}},      {Role::q_bias, {96}}, {Role::k_bias, {32}},   {Role::v_bias, {32}},
      {Role::q_norm, {16}},     {Role::k_norm, {16}}, {Role::o, {40, 96}},    {Role::ln2, {40}},
      {Role::gate, {56, 40}},   {Role::up, {56, 40}}, {Role::down, {40, 56}}, {Role::ln_final, {40}},
      {Role::unembed, {97, 40}}};
  std::set<Role> seen;
  for (const auto& name : model::known_shapes()) {
    for (const auto& spec : model::tensor_specs(shrunk(name))) {
      EXPECT_EQ(spec.shape, shapes.at(spec.site.role)) << spec.name;
      seen.insert(spec.site.role);
    }
  }
  EXPECT_EQ(seen.size(), shapes.size());
}

/// What the table says is what a checkpoint holds, and its numbers are those that are counted.
TEST(Weights, WrittenLoadedAndCountedAlike) {
  const auto folder = fs::temp_directory_path() / ("sinkscope_weights_" + std::to_string(getpid()));
  for (const auto& name : model::known_shapes()) {
    auto config = shrunk(name);
    config.d_model = config.n_heads * config.d_head;  // Qwen2 writes no head_dim
    model::write_random_checkpoint(config, 1, folder / name);
    const auto file = model::SafetensorsFile::open(folder / name / "model.safetensors");
    const auto specs = model::tensor_specs(config);
    ASSERT_EQ(file.names().size(), specs.size()) << name;
    int64_t numbers = 0;
    for (const auto& spec : specs) {
      const auto tensor = file.tensor(spec.name);
      numbers += tensor.numel();
      const auto one = tensor.to(at::kFloat);  // norms one, biases zero, matrices drawn
      const bool drawn = one.std().item<float>() > 0.01;
      EXPECT_EQ(drawn, spec.shape.size() == 2) << spec.name;
      if (!drawn) {
        EXPECT_EQ(one.mean().item<float>(), spec.is_bias() ? 0 : 1) << spec.name;
      }
    }
    EXPECT_EQ(model::parameter_count(config), numbers) << name;
    EXPECT_EQ(model::parameter_count(config, {Role::embed, Role::unembed}), 97 * 96 * (config.tied ? 1 : 2)) << name;
    const auto loaded = model::Model::load(model::Checkpoint::open(folder / name), at::kCPU, at::kBFloat16);
    EXPECT_TRUE(at::equal(loaded.block(1).mlp.down_weight(), file.tensor("model.layers.1.mlp.down_proj.weight")));
  }
  fs::remove_all(folder);
}

model::Model::Weights lively_weights(const model::Config& config) {
  auto generator = at::detail::createCPUGenerator(5);
  model::Model::Weights weights;
  for (const auto& spec : model::tensor_specs(config)) {
    const auto noise = at::randn(spec.shape, generator, at::kFloat);
    weights[spec.site] = spec.shape.size() == 1 ? 1 + 0.3 * noise : noise * 0.2;
  }
  return weights;
}

TEST(Weights, ThePassReadsEveryOne) {
  const auto ids = tiny_ids(1, 12);
  for (const char* shape : {"qwen3-0.6b", "qwen3-8b", "qwen2.5-7b", "llama-2-7b", "mistral-7b-v0.1"}) {
    const auto config = shrunk(shape);
    const auto weights = lively_weights(config);
    const auto plain = read_site(model::Model(config, weights, at::kFloat), ids, {model::Point::logits});
    for (const auto& spec : model::tensor_specs(config)) {
      auto changed = weights;
      changed[spec.site] = changed[spec.site].flip(0);
      const auto logits = read_site(model::Model(config, changed, at::kFloat), ids, {model::Point::logits});
      EXPECT_FALSE(at::equal(logits, plain)) << shape << ' ' << spec.name;
    }
  }
}

/// A GPU has no room for all as they are stored beside all as the run wants them.
TEST(Weights, OnesThatArePlacedAreHeldAsStoredForOneProduct) {
  const auto config = tiny_config();
  model::Model::Weights weights;
  for (const auto& spec : model::tensor_specs(config)) weights[spec.site] = at::randn(spec.shape).to(at::kBFloat16);
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl>> placed;
  size_t most = 0, count = 0;
  const auto place = [&](const at::Tensor& weight) {
    ++count;
    if (weight.dim() == 1) return weight;
    const auto held = std::count_if(placed.begin(), placed.end(), [](const auto& x) { return !x.expired(); });
    most = std::max(most, static_cast<size_t>(held) + 1);
    auto here = weight.clone();
    placed.emplace_back(here.getIntrusivePtr());
    return here;
  };
  const model::Model ours(config, weights, at::kFloat8_e4m3fn, {.place = place});
  EXPECT_EQ(count, weights.size());
  EXPECT_EQ(most, 3);  // queries, keys and values
  const auto logits = [](const model::Model& model) {
    return read_site(model, tiny_ids(2, 9), {model::Point::logits});
  };
  EXPECT_TRUE(at::equal(logits(ours), logits(model::Model(config, weights, at::kFloat8_e4m3fn))));
}

TEST(Weights, OneTooFewOrTooManyIsAnError) {
  const auto config = tiny_config();
  auto weights = lively_weights(config);
  weights.erase({Role::q_norm, 1});
  EXPECT_THROW(model::Model(config, weights, at::kFloat), std::logic_error);
  weights = lively_weights(config);
  weights[{Role::ln1_post, 0}] = at::ones({40});
  EXPECT_THROW(model::Model(config, weights, at::kFloat), std::logic_error);
  weights = lively_weights(config);
  weights[{Role::ln2, 2}] = at::ones({41});
  EXPECT_THROW(model::Model(config, weights, at::kFloat), std::logic_error);
}

}  // namespace
}  // namespace sinkscope::tests
