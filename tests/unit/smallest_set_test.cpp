#include "sinkscope/measure/smallest_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace sinkscope {
namespace {

using measure::smallest_set;
using Set = std::vector<int64_t>;

Set candidates(int64_t n) {  // the identity would not tell a place in the order from the candidate that stands there
  Set order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 100);
  return order;
}

/// Enough are all of `wanted`. Counts how often it is asked.
struct All {
  std::set<int64_t> wanted;
  int64_t calls = 0;
  bool operator()(const Set& set) {
    ++calls;
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](int64_t one) { return std::count(set.begin(), set.end(), one) > 0; });
  }
};

TEST(SmallestSet, TheFirstAloneIsAskedOnce) {
  All enough{{100}};
  const auto found = smallest_set(candidates(96), std::ref(enough));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->members, (Set{100}));
  EXPECT_TRUE(found->each_needed);
  EXPECT_EQ(enough.calls, 1);
}

TEST(SmallestSet, OneWhereverItStands) {
  for (const int64_t place : {1, 2, 30, 31, 32, 95}) {
    All enough{{100 + place}};
    const auto found = smallest_set(candidates(96), std::ref(enough));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->members, (Set{100 + place}));
    EXPECT_TRUE(found->each_needed);
  }
}

TEST(SmallestSet, APairFarApartKeepsTheOrder) {
  for (const int64_t n : {3, 64, 96, 4096}) {
    All enough{{100, 99 + n}};
    const auto found = smallest_set(candidates(n), std::ref(enough));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->members, (Set{100, 99 + n}));
    EXPECT_TRUE(found->each_needed);
  }
}

TEST(SmallestSet, NeitherOfTwoThatDoAlikeIsNeededBesideTheOther) {
  const auto found = smallest_set(candidates(8), [](const Set& set) {
    return std::count(set.begin(), set.end(), 102) + std::count(set.begin(), set.end(), 105) > 0;
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->members, (Set{102}));  // the prefix of 4 has the first alone
}

TEST(SmallestSet, NoneAreEnough) {
  All never{{7}};
  EXPECT_FALSE(smallest_set(candidates(96), std::ref(never)));
  EXPECT_EQ(never.calls, 8);  // 1, 2, 4, .. 64, 96
  EXPECT_FALSE(smallest_set({}, [](const Set&) { return true; }));
}

TEST(SmallestSet, AllAreNeeded) {
  const auto order = candidates(24);
  All few{{order.begin(), order.end()}};
  const auto found = smallest_set(order, std::ref(few));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->members, order);
  EXPECT_TRUE(found->each_needed);

  const auto many = candidates(4096);
  All all{{many.begin(), many.end()}};
  const auto large = smallest_set(many, std::ref(all));
  ASSERT_TRUE(large);
  EXPECT_EQ(large->members, many);
  EXPECT_FALSE(large->each_needed);  // single ones were not tried: 4096 questions
}

/// However many are needed: the prefixes, then a round a halving of the step, each of at most 32 questions.
TEST(SmallestSet, QuestionsAreBounded) {
  for (const int64_t n : {96, 4096}) {
    for (const int64_t members : {int64_t{1}, int64_t{2}, int64_t{16}, int64_t{64}, n}) {
      std::set<int64_t> wanted;
      for (int64_t i = 0; i < members; ++i) wanted.insert(100 + (2 * i + 1) * n / (2 * members));
      All enough{wanted};
      const auto found = smallest_set(candidates(n), std::ref(enough));
      ASSERT_TRUE(found);
      const double halvings = std::log2(static_cast<double>(n)) + 1;
      EXPECT_LE(enough.calls, 33 * halvings) << members << " of " << n;
      EXPECT_TRUE(enough(found->members));
      if (found->each_needed) {
        EXPECT_EQ(static_cast<int64_t>(found->members.size()), members);
      }
    }
  }
}

}  // namespace
}  // namespace sinkscope
