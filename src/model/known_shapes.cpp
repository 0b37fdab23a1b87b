#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sinkscope/error.h"
#include "sinkscope/model/random_checkpoint.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::model {
namespace {

struct Shape {
  const char* name;
  int64_t d_model, n_layers, n_heads, n_kv_heads, d_mlp;
  bool tied;
};

/// The published config.json of every dense Qwen3.
constexpr Shape kQwen3[] = {
    {"qwen3-0.6b", 1024, 28, 16, 8, 3072, true},  {"qwen3-1.7b", 2048, 28, 16, 8, 6144, true},
    {"qwen3-4b", 2560, 36, 32, 8, 9728, true},    {"qwen3-8b", 4096, 36, 32, 8, 12288, false},
    {"qwen3-14b", 5120, 40, 40, 8, 17408, false}, {"qwen3-32b", 5120, 64, 64, 8, 25600, false},
};

}  // namespace

std::vector<std::string> known_shapes() {
  std::vector<std::string> names;
  for (const auto& shape : kQwen3) names.emplace_back(shape.name);
  return names;
}

Config known_shape(const std::string& name) {
  for (const auto& shape : kQwen3) {
    if (name != shape.name) continue;
    Config c;
    c.model_type = "qwen3";
    c.vocab_size = 151936;
    c.d_model = shape.d_model;
    c.n_layers = shape.n_layers;
    c.n_heads = shape.n_heads;
    c.n_kv_heads = shape.n_kv_heads;
    c.d_head = 128;
    c.d_mlp = shape.d_mlp;
    c.max_positions = 40960;
    c.rms_norm_eps = 1e-6;
    c.tied = shape.tied;
    c.dtype = "bfloat16";
    c.rope.theta = 1e6;
    return c;
  }
  throw InputError(fmt::format("no shape is named '{}'; the nearest is '{}' (known: {})", name,
                               nearest(name, known_shapes()), fmt::join(known_shapes(), ", ")));
}

}  // namespace sinkscope::model
