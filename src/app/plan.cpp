#include "sinkscope/app/plan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sinkscope/app/progress.h"
#include "sinkscope/model/attention.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/model/linear.h"
#include "sinkscope/model/model.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::app {
namespace {

/// Seconds that one block takes for a batch: the median of three passes after one to warm up.
double seconds_a_block(const Plan& plan) {
  auto config = plan.config;
  config.n_layers = 1;
  config.vocab_size = 256;
  config.tied = true;
  model::Model::Weights weights;
  const auto options = at::TensorOptions(model::activation_dtype(plan.dtype)).device(plan.device);
  for (const auto& spec : model::tensor_specs(config)) weights[spec.site] = at::randn(spec.shape, options) * 0.02;
  const model::Model block(config, std::move(weights), plan.dtype);
  const auto ids = at::randint(config.vocab_size, {plan.batch_size, plan.length}, at::kLong);
  std::vector<double> seconds;
  for (int i = 0; i < 4; ++i) {
    model::Taps taps(config);
    taps.columns(0, {0}, [](const at::Tensor&) {});
    taps.read({model::Point::resid_post, 0}, [](const at::Tensor&) {});
    const auto start = std::chrono::steady_clock::now();
    block.forward(ids, taps);
    model::synchronize(plan.device);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin() + 1, seconds.end());
  return seconds[2];
}

/// The blocks' matrices are of the run's dtype, the rest of the activations'.
int64_t weight_bytes(const model::Config& config, at::ScalarType dtype) {
  int64_t sum = 0;
  for (const auto& spec : model::tensor_specs(config)) {
    const auto of = spec.is_product() ? dtype : model::activation_dtype(dtype);
    sum += c10::multiply_integers(spec.shape) * at::elementSize(of);
  }
  return sum;
}

/// Keys that a query sees in the mean: the causal half, or a sliding window that fills up first.
double keys_a_query(int64_t layer_window, int64_t T) {
  const auto tokens = static_cast<double>(T), window = static_cast<double>(layer_window);
  return layer_window > 0 && layer_window < T ? window * (1 - window / (2 * tokens)) : tokens / 2;
}

/// Scores, pattern and keys of the rows that model::windowed_attention makes at a time, where the window is largest.
int64_t window_bytes(const model::Config& c, int64_t n, int64_t T) {
  int64_t keys = 0;
  for (const auto& layer : c.layers) {
    if (layer.window > 0 && layer.window < T) keys = std::max(keys, std::min(layer.window + model::kWindowRows - 1, T));
  }
  return n * c.n_heads * keys * (2 * model::kWindowRows + c.d_head) * at::elementSize(at::kFloat);
}

double weights_a_layer(const model::Config& c) {
  const int64_t heads = (c.n_heads + 2 * c.n_kv_heads) * c.d_head + c.n_heads * c.d_head;
  return static_cast<double>(c.d_model * (heads + 3 * c.d_mlp));
}

double gigabytes(int64_t bytes) {
  return static_cast<double>(bytes) * 1e-9;
}

}  // namespace

int64_t activation_bytes(const model::Config& c, int64_t n, int64_t T, at::ScalarType dtype) {
  const int64_t width = at::elementSize(model::activation_dtype(dtype));
  const int64_t heads = (c.n_heads + 2 * c.n_kv_heads) * c.d_head;
  return window_bytes(c, n, T) +
         n * T * (width * (4 * c.d_model + 2 * heads + 3 * c.d_mlp) + 4 * (2 * c.d_model + c.n_heads * (c.d_head + 2)));
}

int64_t automatic_batch_size(const model::Config& config, int64_t T, at::Device device, at::ScalarType dtype) {
  if (device.is_cpu()) return std::max<int64_t>(1, 4096 / T);
  return batch_size_within(model::total_memory(device), config, T, dtype);
}

int64_t batch_size_within(int64_t memory, const model::Config& config, int64_t T, at::ScalarType dtype) {
  const int64_t room = memory / 10 * 9 - weight_bytes(config, dtype);
  const int64_t fits = room / activation_bytes(config, 1, T, dtype);
  return std::clamp<int64_t>(fits, 1, std::max<int64_t>(1, 16384 / T));
}

double logits_in_layers(const model::Config& c) {
  return static_cast<double>(c.vocab_size * c.d_model) / weights_a_layer(c);
}

double flops_a_token(const model::Config& c, int64_t T) {
  const double weights = weights_a_layer(c);
  double keys = 0;
  for (int64_t layer = 0; layer < c.n_layers; ++layer) keys += keys_a_query(c.layer(layer).window, T);
  const double attention = 2.0 * keys * static_cast<double>(c.n_heads * c.d_head);  // scores and mixing
  return 2 * (static_cast<double>(c.n_layers) * weights + attention);
}

Expected expect(const Plan& plan) {
  const double block = seconds_a_block(plan);
  const double tokens = static_cast<double>(plan.tokens);
  const double passes = tokens / static_cast<double>(plan.batch_size * plan.length);
  const double run = block * static_cast<double>(plan.config.n_layers) * passes;
  const double flops = flops_a_token(plan.config, plan.length);
  const int64_t weights = weight_bytes(plan.config, plan.dtype);
  const int64_t activations = activation_bytes(plan.config, plan.batch_size, plan.length, plan.dtype);
  return {run,
          fmt::format("tokens        {} ({:.0f} passes of {} x {}), {:.3g} FLOP\n"
                      "weights       {:.2f} GB in {}, {:.2f} GB on disk\n"
                      "activations   {:.2f} GB\n"
                      "device        {} ({}), {:.1f} GB free\n"
                      "time          {} ({:.0f} tokens/s, {:.3g} FLOP/s, from one random block of this shape)\n",
                      plan.tokens, passes, plan.batch_size, plan.length, flops * tokens, gigabytes(weights),
                      model::dtype_name(plan.dtype), gigabytes(plan.checkpoint_bytes), gigabytes(activations),
                      plan.device.str(), model::device_name(plan.device), gigabytes(model::free_memory(plan.device)),
                      spell_duration(run), tokens / run, flops * tokens / run)};
}

double ceiling_tokens_per_s(const Plan& plan) {
  const auto& c = plan.config;
  const int64_t rows = plan.batch_size * plan.length;
  const auto options = at::TensorOptions(model::activation_dtype(plan.dtype)).device(plan.device);
  const auto x = at::randn({rows, c.d_model}, options);
  const model::Linear gate({at::randn({c.d_mlp, c.d_model}, options) * 0.02}, plan.dtype);
  double least = 1e300;
  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    gate(x);
    model::synchronize(plan.device);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const double flops_per_s = 2.0 * static_cast<double>(rows * c.d_model * c.d_mlp) / least;
  return flops_per_s / flops_a_token(c, plan.length);
}

}  // namespace sinkscope::app
