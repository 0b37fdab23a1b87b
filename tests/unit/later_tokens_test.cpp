#include "experiments/identify/later_tokens.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace sinkscope::tests {
namespace {

using namespace experiments::identification;

/// [layers, tokens] bool of a row of 0 and 1 a token.
at::Tensor by_layer(const std::vector<std::vector<int64_t>>& tokens) {
  std::vector<at::Tensor> columns;
  for (const auto& layers : tokens) columns.push_back(at::tensor(layers, at::kLong).to(at::kBool));
  return at::stack(columns, 1);
}

TEST(LongRuns, AreOfMoreThanFourLayers) {
  const auto close = by_layer({{0, 1, 1, 1, 1, 0, 0, 1, 1},  // four, then two
                               {0, 1, 1, 1, 1, 1, 0, 1, 1},  // five, then two
                               {1, 1, 1, 1, 1, 1, 1, 1, 1},
                               {0, 0, 0, 0, 1, 1, 1, 1, 1}});
  const auto kept = by_layer({{0, 0, 0, 0, 0, 0, 0, 0, 0},
                              {0, 1, 1, 1, 1, 1, 0, 0, 0},
                              {1, 1, 1, 1, 1, 1, 1, 1, 1},
                              {0, 0, 0, 0, 1, 1, 1, 1, 1}});
  EXPECT_TRUE(at::equal(long_runs(close), kept));
}

TEST(RunAround, ALayerEndsWhereALayerIsFalse) {
  const auto close = by_layer({{0, 1, 1, 1, 1, 1, 0, 1}, {1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 1, 0, 0, 0, 0}});
  const auto [first, last] = run_around(close, 3);
  EXPECT_TRUE(at::equal(first, at::tensor({1, 0, 3}, at::kLong)));
  EXPECT_TRUE(at::equal(last, at::tensor({5, 7, 3}, at::kLong)));
}

}  // namespace
}  // namespace sinkscope::tests
