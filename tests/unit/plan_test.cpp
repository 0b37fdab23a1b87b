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

}  // namespace
}  // namespace sinkscope::tests
