#include "sinkscope/model/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "model/families/tensor_table.h"
#include "model/strict_json.h"
#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

constexpr int64_t kMaxIndexBytes = 64 << 20;
constexpr char kSingle[] = "model.safetensors", kIndex[] = "model.safetensors.index.json";

/// Shard file of every tensor, by the index's weight_map; file names without folders only.
std::map<std::string, std::string> read_weight_map(const std::filesystem::path& index) {
  const auto parsed = parse_strict(read_file(index, kMaxIndexBytes), index.string());
  const auto map = Fields(parsed, index.string()).object("weight_map");
  std::map<std::string, std::string> files;
  for (const auto& [tensor, value] : parsed["weight_map"].items()) {
    const auto file = map.string(tensor);
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos ||
        file.find('\0') != std::string::npos) {
      map.fail(tensor, "the name of a file in the same folder");
    }
    files[tensor] = file;
  }
  if (files.empty()) throw InputError(fmt::format("{}: 'weight_map' is empty", index.string()));
  return files;
}

/// Left-over tensors that are no mistake: a tied head that is stored all the same, and old checkpoints' rotary buffers.
bool may_be_left_over(const std::string& name, const Config& config) {
  return (config.tied && name == name_of(*row_of(Role::unembed, config), -1)) || name.ends_with("rotary_emb.inv_freq");
}

void check_tensor(const SafetensorsFile& shard, const TensorSpec& spec, const std::filesystem::path& dir) {
  const auto& shape = shard.shape(spec.name);
  if (shape != spec.shape) {
    throw InputError(fmt::format("{}: '{}' is [{}] in the checkpoint, [{}] by its config", dir.string(), spec.name,
                                 fmt::join(shape, ", "), fmt::join(spec.shape, ", ")));
  }
  const auto& dtype = shard.dtype(spec.name);
  if (dtype != "F32" && dtype != "BF16" && dtype != "F16") {
    throw InputError(fmt::format("{}: '{}' is {}; expected F32, BF16 or F16", dir.string(), spec.name, dtype));
  }
}

}  // namespace

Checkpoint Checkpoint::open(const std::filesystem::path& dir) {
  Checkpoint checkpoint;
  checkpoint.dir_ = dir;
  checkpoint.config_ = read_config(dir / "config.json");
  checkpoint.open_shards();
  std::set<std::string> wanted;
  for (const auto& spec : tensor_specs(checkpoint.config_)) {
    const auto found = checkpoint.shard_of_.find(spec.name);
    if (found == checkpoint.shard_of_.end()) {
      throw InputError(fmt::format("{}: the checkpoint has no tensor '{}'", dir.string(), spec.name));
    }
    check_tensor(checkpoint.shards_[found->second], spec, dir);
    wanted.insert(spec.name);
  }
  for (const auto& [name, shard] : checkpoint.shard_of_) {
    if (!wanted.contains(name) && !may_be_left_over(name, checkpoint.config_)) {
      throw InputError(fmt::format("{}: tensor '{}' has no place in a {} of this config", dir.string(), name,
                                   checkpoint.config_.model_type));
    }
  }
  return checkpoint;
}

void Checkpoint::open_shards() {
  if (!std::filesystem::exists(dir_ / kIndex)) {
    if (!std::filesystem::exists(dir_ / kSingle)) {
      throw InputError(fmt::format("{}: neither {} nor {} is there", dir_.string(), kSingle, kIndex));
    }
    files_.push_back(dir_ / kSingle);
    shards_.push_back(SafetensorsFile::open(files_.back()));
    for (const auto& name : shards_[0].names()) shard_of_[name] = 0;
    return;
  }
  const auto weight_map = read_weight_map(dir_ / kIndex);
  std::map<std::string, size_t> opened;
  for (const auto& [tensor, file] : weight_map) {
    if (!opened.contains(file)) {
      opened[file] = shards_.size();
      files_.push_back(dir_ / file);
      shards_.push_back(SafetensorsFile::open(files_.back()));
    }
    if (!shards_[opened[file]].has(tensor)) {
      throw InputError(
          fmt::format("{}: the index puts '{}' in {}, which does not have it", dir_.string(), tensor, file));
    }
    shard_of_[tensor] = opened[file];
  }
  for (const auto& [file, shard] : opened) {
    for (const auto& name : shards_[shard].names()) {
      if (!shard_of_.contains(name) || shard_of_[name] != shard) {
        throw InputError(
            fmt::format("{}: {} has a tensor '{}' that the index does not put there", dir_.string(), file, name));
      }
    }
  }
}

at::Tensor Checkpoint::tensor(const std::string& name) const {
  const auto found = shard_of_.find(name);
  if (found == shard_of_.end())
    throw InputError(fmt::format("{}: the checkpoint has no tensor '{}'", dir_.string(), name));
  return shards_[found->second].tensor(name);
}

void Checkpoint::will_read(const std::string& name) const {
  shards_[shard_of_.at(name)].will_read(name);
}

void Checkpoint::drop_pages(const std::string& name) const {
  shards_[shard_of_.at(name)].drop_pages(name);
}

int64_t Checkpoint::bytes() const {
  int64_t sum = 0;
  for (const auto& shard : shards_) sum += shard.bytes();
  return sum;
}

std::filesystem::path Checkpoint::config_file() const {
  return dir_ / "config.json";
}

const std::vector<std::filesystem::path>& Checkpoint::weight_files() const {
  return files_;
}

}  // namespace sinkscope::model
