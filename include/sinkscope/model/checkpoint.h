#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::model {

/// A directory for `model`: itself where it is one, otherwise a Hugging Face id ("Qwen/Qwen3-8B") found in the
/// local cache (HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub) without a network. `revision` is a branch,
/// tag or commit; "" means main. Throws InputError that says where it looked.
std::filesystem::path resolve_model(const std::string& model, const std::string& revision);

/// A Hugging Face checkpoint directory: config.json with model.safetensors or model.safetensors.index.json.
class Checkpoint {
 public:
  /// Opens and checks everything: every tensor of tensor_specs() is there with its shape and a float dtype, and
  /// none is left over (a tied model's lm_head.weight aside). Throws InputError.
  static Checkpoint open(const std::filesystem::path& dir);

  const Config& config() const { return config_; }
  const std::filesystem::path& dir() const { return dir_; }

  /// A view of the mapped weights in the checkpoint's dtype; it keeps the map alive.
  at::Tensor tensor(const std::string& name) const;

  /// Has the kernel read a tensor's pages from the disk; returns when the reading is under way.
  void will_read(const std::string& name) const;

  /// Gives back the memory of a tensor's mapped pages; reading it again reads the file again.
  void drop_pages(const std::string& name) const;

  /// Bytes of all shards.
  int64_t bytes() const;

  std::filesystem::path config_file() const;

  /// The safetensors files, one or those of the index.
  const std::vector<std::filesystem::path>& weight_files() const;

 private:
  void open_shards();

  std::filesystem::path dir_;
  Config config_;
  std::vector<SafetensorsFile> shards_;
  std::vector<std::filesystem::path> files_;
  std::map<std::string, size_t> shard_of_;
};

}  // namespace sinkscope::model
