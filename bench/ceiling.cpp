// What a forward pass costs at least: only its matrix products, each by the library's best call and with each layer's
// own weights, and the library's best fused attention, on random tensors of a checkpoint's shapes. Prints one JSON
// object.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/keep_memory.h"
#include "sinkscope/model/linear.h"

namespace {

using sinkscope::model::Config;
using sinkscope::model::Linear;

constexpr const char* kParts[] = {"q, k, v", "attention", "o", "gate, up", "down"};

struct Shape {
  int64_t samples, length, layers;
  at::TensorOptions options;
};

/// One part of a layer, and how it is computed; a pass reads other weights in each layer.
struct Part {
  std::string way;
  std::function<void(int64_t layer)> run;
};

/// Of these parts in all layers, without a wait between them.
double seconds(const std::vector<Part>& parts, const std::vector<int64_t>& layers, at::Device device) {
  sinkscope::model::synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  for (const int64_t layer : layers) {
    for (const auto& part : parts) part.run(layer);
  }
  sinkscope::model::synchronize(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of several ways to compute the same, the fastest; each is warmed up once and timed on three layers.
Part fastest(const std::vector<Part>& ways, const Shape& s) {
  size_t best = 0;
  double least = 1e300;
  for (size_t way = 0; way < ways.size(); ++way) {
    ways[way].run(0);
    for (int64_t i = 1; i <= 3; ++i) {
      const double taken = seconds({ways[way]}, {i % s.layers}, s.options.device());
      if (taken < least) {
        least = taken;
        best = way;
      }
    }
  }
  return ways[best];
}

/// x W^T into a tensor that is there already, or with weights packed for the library.
Part product(int64_t out, int64_t in, const Shape& s) {
  const auto x = at::randn({s.samples * s.length, in}, s.options);
  const auto y = at::empty({s.samples * s.length, out}, s.options);
  std::vector<at::Tensor> weights;
  std::vector<Linear> packed;
  for (int64_t layer = 0; layer < s.layers; ++layer) {
    weights.push_back(at::randn({out, in}, s.options) * 0.02);
    packed.emplace_back(std::vector{weights.back()}, s.options.dtype().toScalarType());
  }
  std::vector<Part> ways = {{"plain", [=](int64_t layer) {
                               auto into = y;
                               at::mm_out(into, x, weights[layer].t());
                             }}};
  if (packed[0].is_copy()) ways.push_back({"packed", [=](int64_t layer) { packed[layer](x); }});
  return fastest(ways, s);
}

/// Query, key and value products in one or three calls, likewise gate and up: whichever is faster.
Part products(const std::vector<int64_t>& outs, int64_t in, const Shape& s) {
  std::vector<Part> apart;
  int64_t sum = 0;
  for (const int64_t out : outs) {
    apart.push_back(product(out, in, s));
    sum += out;
  }
  const Part one_by_one{apart[0].way + ", apart", [apart](int64_t layer) {
                          for (const auto& each : apart) each.run(layer);
                        }};
  auto together = product(sum, in, s);
  together.way += ", together";
  return fastest({together, one_by_one}, s);
}

Part attention(const Config& c, const Shape& s) {
  const auto heads = [&](int64_t count) { return at::randn({s.samples, count, s.length, c.d_head}, s.options); };
  const auto q = heads(c.n_heads), k = heads(c.n_kv_heads), v = heads(c.n_kv_heads);
  const auto repeated = [&](const at::Tensor& x) { return x.repeat_interleave(c.n_heads / c.n_kv_heads, 1); };
  const auto every_k = repeated(k), every_v = repeated(v);
  const auto library = [](const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, bool grouped) {
    at::scaled_dot_product_attention(query, key, value, {}, 0.0, /*is_causal=*/true, std::nullopt, grouped);
  };
  return fastest({{"grouped", [=](int64_t) { library(q, k, v, true); }},
                  {"keys repeated", [=](int64_t) { library(q, every_k, every_v, false); }}},
                 s);
}

double megabytes_at_most() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"the matrix products and the fused attention of a forward pass, alone"};
  std::string model, dtype = "float32", device = "cpu";
  int64_t samples = 1, length = 32, passes = 3, threads = 0;
  app.add_option("--model", model)->required();
  app.add_option("--samples", samples);
  app.add_option("--length", length);
  app.add_option("--dtype", dtype)->check(CLI::IsMember({"float32", "bfloat16"}));
  app.add_option("--device", device);
  app.add_option("--passes", passes);
  app.add_option("--threads", threads);
  CLI11_PARSE(app, argc, argv);
  sinkscope::model::keep_memory();
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));

  const c10::InferenceMode no_autograd;
  const auto place = sinkscope::model::open_device(device);
  const auto c = sinkscope::model::Checkpoint::open(model).config();
  const Shape s{samples, length, c.n_layers,
                at::TensorOptions(dtype == "float32" ? at::kFloat : at::kBFloat16).device(place)};
  const std::vector<Part> parts = {
      products({c.n_heads * c.d_head, c.n_kv_heads * c.d_head, c.n_kv_heads * c.d_head}, c.d_model, s), attention(c, s),
      product(c.d_model, c.n_heads * c.d_head, s), products({c.d_mlp, c.d_mlp}, c.d_model, s),
      product(c.d_model, c.d_mlp, s)};
  nlohmann::json taken = nlohmann::json::array();
  const auto faults = page_faults();
  std::vector<int64_t> layers(c.n_layers);
  std::iota(layers.begin(), layers.end(), 0);
  double of_attention = 0;
  for (int64_t pass = 0; pass < passes; ++pass) {
    taken.push_back(seconds(parts, layers, place));
    of_attention += seconds({parts[1]}, layers, place);
  }
  std::map<std::string, std::string> ways;
  for (size_t part = 0; part < parts.size(); ++part) ways[kParts[part]] = parts[part].way;
  std::cout << nlohmann::json{{"seconds", taken},
                              {"ways", ways},
                              {"attention_seconds", of_attention / static_cast<double>(passes)},
                              {"peak_mb", megabytes_at_most()},
                              {"page_faults", (page_faults() - faults) / passes}}
            << '\n';
}
