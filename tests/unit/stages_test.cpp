#include <gtest/gtest.h>

#include <array>

#include "sinkscope/trials/sink_baseline.h"

namespace sinkscope::tests {
namespace {

using Layers = std::vector<std::array<int64_t, 3>>;

/// First, last and read layer of every stage where ordinary tokens get 0.01 in every layer.
Layers stages_of(std::vector<double> sink) {
  const std::vector<double> ordinary(sink.size(), 0.01);
  Layers layers;
  for (const auto& stage : trials::find_stages({.sink = std::move(sink), .ordinary = ordinary})) {
    layers.push_back({stage.first, stage.last, stage.layer});
  }
  return layers;
}

TEST(Stages, AreRunsOfLayersFarAboveOrdinaryTokens) {
  EXPECT_EQ(stages_of({0.01, 0.039, 0.01}), Layers{});
  EXPECT_EQ(stages_of({0.01, 0.5, 0.6, 0.6}), (Layers{{1, 3, 1}}));
  EXPECT_EQ(stages_of({0.5, 0.5}), (Layers{{0, 1, 0}}));
  EXPECT_EQ(stages_of({0.01, 0.4, 0.4, 0.02, 0.8, 0.9}), (Layers{{1, 2, 1}, {4, 5, 4}}));
}

TEST(Stages, AreReadWhereTheyHaveHalfOfTheirOwnLargest) {
  EXPECT_EQ(stages_of({0.01, 0.1, 0.19, 0.2, 0.4, 0.4}), (Layers{{1, 5, 3}}));
  // the small one by itself, though the large one has more than twice as much
  EXPECT_EQ(stages_of({0.1, 0.3, 0.01, 0.3, 0.9}), (Layers{{0, 1, 1}, {3, 4, 4}}));
}

TEST(Stages, AreNoneWhereTheyAreNextToNothingBesideTheLargest) {
  EXPECT_EQ(stages_of({0.2, 0.01, 0.9}), (Layers{{2, 2, 2}}));
  EXPECT_EQ(stages_of({0.23, 0.01, 0.9}), (Layers{{0, 0, 0}, {2, 2, 2}}));
}

}  // namespace
}  // namespace sinkscope::tests
