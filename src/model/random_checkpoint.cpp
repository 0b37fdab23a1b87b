#include "sinkscope/model/random_checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "model/families/decoder_fields.h"
#include "model/families/family.h"
#include "sinkscope/error.h"
#include "sinkscope/model/safetensors.h"

namespace sinkscope::model {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kStandardDeviation = 0.02;  // every family's initializer_range
constexpr int64_t kChunk = 1 << 22;          // numbers drawn from one seed

/// One well-mixed seed from a run's seed, a tensor's name and a chunk (FNV-1a, then splitmix64's finalizer).
uint64_t mix_seed(uint64_t seed, const std::string& name, int64_t chunk) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  hash += 0x9e3779b97f4a7c15ULL * static_cast<uint64_t>(chunk + 1);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

/// N(0, 0.02²), drawn in chunks with seeds of their own: the threads that share them change nothing.
at::Tensor random_matrix(const TensorSpec& spec, at::ScalarType dtype, uint64_t seed) {
  auto weight = at::empty(spec.shape, dtype);
  auto flat = weight.view(-1);
  const int64_t chunks = (flat.numel() + kChunk - 1) / kChunk;
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      auto part = flat.slice(0, chunk * kChunk, std::min((chunk + 1) * kChunk, flat.numel()));
      auto generator = at::detail::createCPUGenerator(mix_seed(seed, spec.name, chunk));
      part.copy_(at::empty({part.numel()}, at::kFloat).normal_(0, kStandardDeviation, generator));
    }
  });
  return weight;
}

at::ScalarType scalar_type(const std::string& dtype) {
  if (dtype == "bfloat16") return at::kBFloat16;
  if (dtype == "float32") return at::kFloat;
  throw InputError(fmt::format("--dtype {}: expected bfloat16 or float32", dtype));
}

ordered_json rope_scaling(const RopeConfig& rope) {
  if (rope.type == RopeType::default_) return nullptr;
  if (rope.type != RopeType::llama3) throw std::logic_error("no published shape has this rope type");
  return {{"factor", rope.factor},
          {"high_freq_factor", rope.high_freq_factor},
          {"low_freq_factor", rope.low_freq_factor},
          {"original_max_position_embeddings", rope.original_max_positions},
          {"rope_type", "llama3"}};
}

ordered_json config_json(const Config& c) {
  const Family& family = family_of(c);
  ordered_json json = {{"architectures", {family.architecture}},
                       {"attention_dropout", 0.0},
                       {"hidden_act", spelled(c.activation)},
                       {"hidden_size", c.d_model},
                       {"initializer_range", kStandardDeviation},
                       {"intermediate_size", c.d_mlp},
                       {"max_position_embeddings", c.max_positions},
                       {"model_type", c.model_type},
                       {"num_attention_heads", c.n_heads},
                       {"num_hidden_layers", c.n_layers},
                       {"num_key_value_heads", c.n_kv_heads},
                       {"rms_norm_eps", c.rms_norm_eps},
                       {"rope_scaling", rope_scaling(c.ropes[0])},
                       {"rope_theta", c.ropes[0].theta},
                       {"tie_word_embeddings", c.tied},
                       {"torch_dtype", c.dtype},
                       {"use_cache", true},
                       {"vocab_size", c.vocab_size}};
  json.update(family.own(c));
  return json;
}

std::vector<TensorToWrite> tensors_to_write(const Config& config, uint64_t seed) {
  const auto dtype = scalar_type(config.dtype);
  std::vector<TensorToWrite> list;
  for (const auto& spec : tensor_specs(config)) {
    list.push_back({spec.name, spec.shape, dtype, [=] {
                      if (spec.is_bias()) return at::zeros(spec.shape, dtype);
                      return spec.shape.size() == 1 ? at::ones(spec.shape, dtype) : random_matrix(spec, dtype, seed);
                    }});
  }
  return list;
}

/// Tensors in order, a new shard where the next would pass the limit.
std::vector<std::vector<TensorToWrite>> into_shards(const std::vector<TensorToWrite>& tensors, int64_t shard_bytes) {
  std::vector<std::vector<TensorToWrite>> shards(1);
  int64_t filled = 0;
  for (const auto& tensor : tensors) {
    int64_t bytes = at::elementSize(tensor.dtype);
    for (const int64_t size : tensor.shape) bytes *= size;
    if (filled > 0 && filled + bytes > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(tensor);
    filled += bytes;
  }
  return shards;
}

void write_text(const fs::path& file, const ordered_json& json) {
  std::ofstream out(file);
  out << json.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error(fmt::format("{}: cannot be written", file.string()));
}

void write_shards(const std::vector<std::vector<TensorToWrite>>& shards, const fs::path& dir, int64_t total_size) {
  ordered_json weight_map;
  for (size_t i = 0; i < shards.size(); ++i) {
    const auto name = shards.size() == 1 ? "model.safetensors"
                                         : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    write_safetensors(dir / name, shards[i], {{"format", "pt"}});
    for (const auto& tensor : shards[i]) weight_map[tensor.name] = name;
  }
  if (shards.size() == 1) return;
  write_text(dir / "model.safetensors.index.json",
             {{"metadata", {{"total_size", total_size}}}, {"weight_map", weight_map}});
}

}  // namespace

void write_random_checkpoint(const Config& config, uint64_t seed, const fs::path& dir, int64_t shard_bytes) {
  if (fs::exists(dir)) throw InputError(fmt::format("--out {}: already exists", dir.string()));
  const auto tensors = tensors_to_write(config, seed);  // refuses the dtype before anything is made
  const fs::path unfinished = dir.string() + ".tmp";
  std::error_code error;
  fs::remove_all(unfinished, error);
  if (!fs::create_directories(unfinished, error)) {
    throw InputError(fmt::format("--out {}: cannot be made: {}", dir.string(), error.message()));
  }
  write_text(unfinished / "config.json", config_json(config));
  write_shards(into_shards(tensors, shard_bytes), unfinished,
               parameter_count(config) * at::elementSize(scalar_type(config.dtype)));
  fs::rename(unfinished, dir);
}

}  // namespace sinkscope::model
