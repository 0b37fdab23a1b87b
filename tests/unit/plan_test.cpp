#include "sinkscope/app/plan.h"

#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

TEST(Plan, ASlidingWindowCountsTheKeysThatItShows) {
  auto config = tiny_config();
  const int64_t T = 200;
  const double causal = app::flops_a_token(config, T);
  const double a_key = 4.0 * static_cast<double>(config.n_layers * config.n_heads * config.d_head);
  for (const int64_t window : {1, 20, 150, 200, 300}) {
    config.layers[0].window = window;
    double seen = 0;
    for (int64_t query = 0; query < T; ++query) seen += static_cast<double>(std::min(query + 1, window)) / T;
    const double told = T / 2.0 - (causal - app::flops_a_token(config, T)) / a_key;
    EXPECT_NEAR(told, seen, 0.5 + 1e-9) << window;
  }
}

TEST(Plan, OnlyAWindowShorterThanTheSampleTakesMemory) {
  auto config = tiny_config();
  const auto bytes = [&](int64_t window) {
    config.layers[0].window = window;
    return app::activation_bytes(config, 2, 200, at::kFloat);
  };
  EXPECT_EQ(bytes(200), bytes(0));
  EXPECT_GT(bytes(20), bytes(0));
  EXPECT_GT(bytes(150), bytes(20));
}

model::Config qwen3_8b() {
  model::Config c = tiny_config();
  c.vocab_size = 151936;
  c.d_model = 4096;
  c.n_layers = 36;
  c.n_heads = 32;
  c.n_kv_heads = 8;
  c.d_head = 128;
  c.d_mlp = 12288;
  c.tied = false;
  return c;
}

/// bench/results/nvidia-h200.md, beside the weights. 64 x 32 took 0.26 GiB, which holds cuBLAS's workspace and what
/// joining the weights took.
TEST(Plan, ActivationsHoldWhatAnH200Took) {
  const double gib = 1 << 30, told = static_cast<double>(app::activation_bytes(qwen3_8b(), 32, 512, at::kBFloat16));
  EXPECT_GE(told, 1.79 * gib);
  EXPECT_LE(told, 2 * 1.79 * gib);
  EXPECT_GE(static_cast<double>(app::activation_bytes(qwen3_8b(), 64, 32, at::kBFloat16)), 0.26 * gib);
}

TEST(Plan, AnAutomaticBatchFillsButDoesNotOverfillTheMemory) {
  const auto config = qwen3_8b();
  const auto batch = [&](double gigabytes, int64_t T, at::ScalarType dtype) {
    return app::batch_size_within(static_cast<int64_t>(gigabytes * 1e9), config, T, dtype);
  };
  EXPECT_EQ(batch(141, 512, at::kBFloat16), 32);  // 16,384 tokens are enough
  EXPECT_EQ(batch(141, 32, at::kBFloat16), 512);
  EXPECT_EQ(batch(80, 32768, at::kBFloat16), 1);
  for (const auto dtype : {at::kBFloat16, at::kFloat, at::kFloat8_e4m3fn}) {
    const double weights = dtype == at::kFloat ? 32.8 : dtype == at::kBFloat16 ? 16.4 : 9.5;  // 8.19e9 parameters
    for (const double gigabytes : {weights + 1, weights + 2}) {
      const auto n = batch(gigabytes / 0.9, 512, dtype);
      const double taken = static_cast<double>(app::activation_bytes(config, n, 512, dtype)) * 1e-9;
      EXPECT_NEAR(weights + taken, gigabytes, 0.15) << at::toString(dtype) << " " << n;
    }
  }
  EXPECT_EQ(batch(10, 512, at::kBFloat16), 1);  // the weights alone are larger: the run will say so
}

}  // namespace
}  // namespace sinkscope::tests
