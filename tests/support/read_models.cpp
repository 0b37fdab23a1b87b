// What sinkscope reads in config.json files and in whole checkpoints, whose paths come a line each: a line of JSON for
// each with every fact that the forward pass takes from it, or the error; of a checkpoint its warnings and its logits
// of eight ids, too. tests/agreement/test_configs.py and test_checkpoints.py hold it against transformers, many in one
// start.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "sinkscope/error.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/model.h"
#include "sinkscope/model/rotary.h"

namespace {

using nlohmann::json;
using namespace sinkscope::model;

std::vector<float> numbers(const at::Tensor& x) {
  const auto flat = x.to(at::kFloat).contiguous().view(-1);
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

json facts(const Config& config) {
  json tensors = json::object(), windows = json::array();
  for (const auto& spec : tensor_specs(config)) tensors[spec.name] = spec.shape;
  for (int64_t layer = 0; layer < config.n_layers; ++layer) windows.push_back(config.layer(layer).window);
  const auto rotary = rotary_frequencies(config.ropes[0], config.d_head);
  return {{"tensors", tensors},
          {"heads", {config.n_heads, config.n_kv_heads, config.d_head}},
          {"windows", windows},
          {"frequencies", numbers(rotary.inverse)},
          {"attention_factor", rotary.attention_factor},
          {"eps", config.rms_norm_eps},
          {"tied", config.tied},
          {"max_positions", config.max_positions},
          {"dtype", config.dtype.empty() ? json() : json(config.dtype)}};
}

json read_checkpoint(const std::filesystem::path& dir) {
  const auto checkpoint = Checkpoint::open(dir);
  auto read = facts(checkpoint.config());
  read["warnings"] = checkpoint.warnings();
  const auto model = Model::load(checkpoint, at::kCPU, at::kFloat);
  Taps taps(model.config());
  taps.read({Point::logits}, [&](const at::Tensor& logits) { read["logits"] = numbers(logits); });
  model.forward(at::tensor({3, 1, 4, 1, 5, 9, 2, 6}, at::kLong).unsqueeze(0), taps);
  return read;
}

}  // namespace

int main() {
  at::set_num_threads(1);
  for (std::string path; std::getline(std::cin, path);) {
    json line;
    try {
      line = std::filesystem::is_directory(path) ? read_checkpoint(path) : facts(read_config(path));
    } catch (const sinkscope::InputError& e) {
      line = {{"error", e.what()}};
    }
    std::cout << line.dump() << '\n';
  }
}
