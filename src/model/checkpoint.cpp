#include "sinkscope/model/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "model/families/tensor_table.h"
#include "model/stored_names.h"
#include "model/weight_files.h"
#include "sinkscope/error.h"
#include "sinkscope/model/dtype.h"

namespace sinkscope::model {
namespace {

/// Old checkpoints' rotary buffers, which transformers passes over, too.
bool is_rotary_buffer(const std::string& name) {
  return name.find("rotary_emb.inv_freq") != std::string::npos;
}

std::string name_in(const Config& config, Role role) {
  return name_of(*row_of(role, config), -1);
}

/// With a head, be it tied or not.
std::vector<TensorSpec> all_specs(Config config) {
  config.tied = false;
  return tensor_specs(config);
}

void check_tensor(const SafetensorsFile& shard, const std::string& stored, const TensorSpec& spec,
                  const std::filesystem::path& dir) {
  const auto& shape = shard.shape(stored);
  if (shape != spec.shape) {
    throw InputError(fmt::format("{}: '{}' is [{}] in the checkpoint, [{}] by its config", dir.string(), stored,
                                 fmt::join(shape, ", "), fmt::join(spec.shape, ", ")));
  }
  const auto& dtype = shard.dtype(stored);
  if (dtype != "F32" && dtype != "BF16" && dtype != "F16" && dtype != "F64") {
    throw InputError(fmt::format("{}: '{}' is {}; expected F32, BF16, F16 or F64 (quantized weights are not read)",
                                 dir.string(), stored, dtype));
  }
}

/// Values as they are stored, a few rows at a time.
bool are_equal(const at::Tensor& a, const at::Tensor& b) {
  constexpr int64_t kRows = 4096;
  for (int64_t row = 0; row < a.size(0); row += kRows) {
    auto x = a.slice(0, row, row + kRows), y = b.slice(0, row, row + kRows);
    if (x.scalar_type() != y.scalar_type()) {
      x = x.to(at::kDouble);
      y = y.to(at::kDouble);
    }
    if (!at::equal(x, y)) return false;
  }
  return true;
}

/// The first float of the first file, by name: what transformers takes where neither config nor index says one.
std::string dtype_of(const SafetensorsFile& file) {
  for (const auto& name : file.names()) {
    const auto& dtype = file.dtype(name);
    if (dtype == "F32") return "float32";
    if (dtype == "BF16") return "bfloat16";
    if (dtype == "F16") return "float16";
    if (dtype == "F64") return "float64";
  }
  return "float32";
}

}  // namespace

Checkpoint Checkpoint::open(const std::filesystem::path& dir) {
  Checkpoint checkpoint;
  checkpoint.dir_ = dir;
  checkpoint.config_ = read_config(dir / "config.json");
  auto weights = find_weight_files(dir);
  checkpoint.files_ = std::move(weights.files);
  checkpoint.warnings_ = std::move(weights.warnings);
  for (const auto& file : checkpoint.files_) checkpoint.shards_.push_back(SafetensorsFile::open(file));
  if (checkpoint.config_.dtype.empty()) {
    const auto& files = checkpoint.files_;
    const auto first = std::min_element(files.begin(), files.end()) - files.begin();
    checkpoint.config_.dtype =
        weights.dtype.empty() ? dtype_of(checkpoint.shards_[first]) : checkpoint_dtype(weights.dtype, dir.string());
  }
  const auto left_over = checkpoint.place_tensors();
  checkpoint.settle_head();
  checkpoint.check_tensors(left_over);
  return checkpoint;
}

std::vector<std::string> Checkpoint::place_tensors() {
  std::set<std::string> wanted;
  for (const auto& spec : all_specs(config_)) wanted.insert(spec.name);
  std::vector<std::string> left_over;
  for (size_t shard = 0; shard < shards_.size(); ++shard) {
    for (const auto& stored : shards_[shard].names()) {
      const auto name = wanted_name(stored, wanted);
      if (name.empty()) {
        if (!is_rotary_buffer(stored)) left_over.push_back(stored);
        continue;
      }
      const auto [place, is_new] = places_.try_emplace(name, Place{shard, stored});
      if (!is_new) {
        throw InputError(fmt::format("{}: '{}' is there twice, as '{}' in {} and as '{}' in {}", dir_.string(), name,
                                     place->second.name, files_[place->second.shard].filename().string(), stored,
                                     files_[shard].filename().string()));
      }
    }
  }
  return left_over;
}

void Checkpoint::settle_head() {
  if (!config_.tied) return;
  const auto embed = name_in(config_, Role::embed), head = name_in(config_, Role::unembed);
  const auto stored_head = places_.find(head);
  if (stored_head == places_.end()) return;
  if (!places_.contains(embed)) {
    places_[embed] = stored_head->second;  // tying goes both ways
  } else {
    const auto& [shard, name] = stored_head->second;
    for (const auto& spec : all_specs(config_)) {
      if (spec.name == head) check_tensor(shards_[shard], name, spec, dir_);
    }
    const auto &one = place_of(embed), &other = stored_head->second;
    if (shards_[one.shard].shape(one.name) == shards_[other.shard].shape(other.name) &&
        !are_equal(tensor(embed), tensor(head))) {
      config_.tied = false;
      warnings_.push_back(
          fmt::format("tie_word_embeddings is true, but '{}' differs from '{}': it is the head, as in "
                      "transformers",
                      name, one.name));
      return;
    }
  }
  places_.erase(stored_head);
}

void Checkpoint::check_tensors(const std::vector<std::string>& left_over) const {
  for (const auto& spec : tensor_specs(config_)) {
    const auto found = places_.find(spec.name);
    if (found == places_.end()) {
      throw InputError(fmt::format("{}: the checkpoint has no tensor '{}'{}", dir_.string(), spec.name,
                                   why_missing(spec.name, left_over)));
    }
    check_tensor(shards_[found->second.shard], found->second.name, spec, dir_);
  }
  if (!left_over.empty()) {
    throw InputError(
        fmt::format("{}: tensor '{}' has no place in a {} of this config; transformers passes over it "
                    "with a warning, and a copy of the weights without it can be read",
                    dir_.string(), left_over.front(), config_.model_type));
  }
}

const Checkpoint::Place& Checkpoint::place_of(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end())
    throw InputError(fmt::format("{}: the checkpoint has no tensor '{}'", dir_.string(), name));
  return found->second;
}

at::Tensor Checkpoint::tensor(const std::string& name) const {
  const auto& place = place_of(name);
  return shards_[place.shard].tensor(place.name);
}

void Checkpoint::will_read(const std::string& name) const {
  const auto& place = place_of(name);
  shards_[place.shard].will_read(place.name);
}

void Checkpoint::drop_pages(const std::string& name) const {
  const auto& place = place_of(name);
  shards_[place.shard].drop_pages(place.name);
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
