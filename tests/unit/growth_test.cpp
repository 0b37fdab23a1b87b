#include "experiments/first_token/growth.h"

#include <gtest/gtest.h>

namespace sinkscope::experiments {
namespace {

TEST(Growth, OneBlockCompletesWhatItBegins) {
  const auto growth = find_growth({2, 10, 20, 2000, 2001, 2002, 2000, 30});
  EXPECT_EQ(growth.layer, 2);
  EXPECT_EQ(growth.complete_layer, 2);  // the little that comes later is not waited for
  EXPECT_DOUBLE_EQ(growth.growth, 100);
  EXPECT_DOUBLE_EQ(growth.complete_norm, 2000);
  EXPECT_DOUBLE_EQ(growth.norm_between(), 200);  // sqrt(20 · 2000)
}

TEST(Growth, TheNextBlocksMayCompleteIt) {
  const auto growth = find_growth({1, 4, 400, 900, 1600, 1601, 1600, 100});
  EXPECT_EQ(growth.layer, 1);
  EXPECT_EQ(growth.complete_layer, 3);
  EXPECT_DOUBLE_EQ(growth.median_norm, 400);
  EXPECT_DOUBLE_EQ(growth.norm_between(), 80);  // sqrt(4 · 1600)
}

TEST(Growth, WhatComesAfterItsEndIsNotItsOwn) {  // a second massive activation, larger but from a larger median
  const auto growth = find_growth({1, 300, 310, 290, 10, 12, 900, 900});
  EXPECT_EQ(growth.layer, 0);
  EXPECT_EQ(growth.complete_layer, 1);
  EXPECT_DOUBLE_EQ(growth.complete_norm, 310);
}

TEST(Growth, IsCompleteWhereALayerStillReadsIt) {
  EXPECT_EQ(find_growth({1, 300, 500, 900}).complete_layer, 1);  // nothing reads 900
  EXPECT_EQ(find_growth({1, 2, 300}).complete_layer, 1);         // but where nothing else is left
}

TEST(Growth, ALittleIsNotMassiveAndZerosAreNot) {
  EXPECT_FALSE(find_growth({1, 3.9, 4, 5}).is_massive());
  EXPECT_TRUE(find_growth({1, 4, 4, 5}).is_massive());
  const auto zeros = find_growth({0, 0, 0, 0});
  EXPECT_FALSE(zeros.is_massive());
  EXPECT_EQ(zeros.complete_layer, 0);
}

}  // namespace
}  // namespace sinkscope::experiments
