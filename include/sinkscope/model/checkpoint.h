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

/// Where Hugging Face's tools keep downloaded models, by HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME
/// and ~; it need not exist.
std::filesystem::path cache_folder();

/// A directory for `model`: itself where it is one, otherwise a Hugging Face id ("Qwen/Qwen3-8B") found in the
/// local cache (HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, ...) without a network. `revision` is a branch,
/// tag or commit; "" means main. Throws InputError that says where it looked.
std::filesystem::path resolve_model(const std::string& model, const std::string& revision);

/// A Hugging Face checkpoint directory: config.json with model.safetensors or model.safetensors.index.json, read as
/// transformers reads it.
class Checkpoint {
 public:
  /// Opens and checks everything: every tensor of tensor_specs() is there with its shape and a float dtype, and none is
  /// left over. Where a head is stored beside an embedding that it is tied to by the config, both are compared: if they
  /// differ, the model is not tied. Throws InputError.
  static Checkpoint open(const std::filesystem::path& dir);

  const Config& config() const { return config_; }
  const std::filesystem::path& dir() const { return dir_; }

  /// What a user should know of how it was read.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// A view of the mapped weights as they are stored, by the family's name; it keeps the map alive.
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
  /// A tensor's file and its name there.
  struct Place {
    size_t shard = 0;
    std::string name;
  };
  std::vector<std::string> place_tensors();  // gives the names that have no place
  void settle_head();
  void check_tensors(const std::vector<std::string>& left_over) const;
  const Place& place_of(const std::string& name) const;

  std::filesystem::path dir_;
  Config config_;
  std::vector<SafetensorsFile> shards_;
  std::vector<std::filesystem::path> files_;
  std::map<std::string, Place> places_;  // by the family's name
  std::vector<std::string> warnings_;
};

}  // namespace sinkscope::model
