#include <gmock/gmock.h>

#include <algorithm>

#include "experiments/rope_swap/conditions.h"
#include "sinkscope/error.h"

namespace sinkscope::experiments::rope {
namespace {

using testing::ElementsAre;

/// Names of the conditions for samples of T tokens, with those left out behind a minus.
std::vector<std::string> names_of(const Changes& changes, int64_t T) {
  std::vector<std::string> names, out;
  for (const auto& one : conditions(changes, T, [&](const std::string& name) { out.push_back("-" + name); }))
    names.push_back(one.name);
  names.insert(names.end(), out.begin(), out.end());
  return names;
}

std::vector<int64_t> positions_of(const Changes& changes, int64_t T, const std::string& name) {
  for (const auto& one : conditions(changes, T, [](const std::string&) {})) {
    if (one.name == name) return one.positions;
  }
  return {};
}

TEST(RopeConditions, EachMovesItsTokensAndNoOthers) {
  const Changes changes{"3,last", "2", "1,4", "2:3", 10};
  EXPECT_THAT(names_of(changes, 5), ElementsAre("baseline", "first-to-3", "first-to-4", "2-to-0", "swap-0-1",
                                                "swap-0-4", "block-2-to-3", "shift-10", "reverse"));
  EXPECT_THAT(positions_of(changes, 5, "baseline"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "first-to-3"), ElementsAre(3, 1, 2, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "first-to-4"), ElementsAre(4, 1, 2, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "2-to-0"), ElementsAre(0, 1, 0, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "swap-0-1"), ElementsAre(1, 0, 2, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "swap-0-4"), ElementsAre(4, 1, 2, 3, 0));
  EXPECT_THAT(positions_of(changes, 5, "block-2-to-3"), ElementsAre(3, 4, 2, 3, 4));
  EXPECT_THAT(positions_of(changes, 5, "shift-10"), ElementsAre(10, 11, 12, 13, 14));
  EXPECT_THAT(positions_of(changes, 5, "reverse"), ElementsAre(4, 3, 2, 1, 0));
}

TEST(RopeConditions, WhatShortSamplesLackIsLeftOutByName) {
  EXPECT_THAT(names_of({"1", "2,7", "1,8", "6:1", 1}, 5),
              ElementsAre("baseline", "first-to-1", "2-to-0", "swap-0-1", "shift-1", "reverse", "-7-to-0", "-swap-0-8",
                          "-block-6-to-1"));
  EXPECT_THAT(names_of({"", "", "", "", 1}, 5), ElementsAre("baseline", "shift-1", "reverse"));
}

TEST(RopeConditions, RefusesWhatIsNoBlock) {
  EXPECT_THROW(names_of({"", "", "", "4", 1}, 5), InputError);
  EXPECT_THROW(names_of({"", "", "", "0:3", 1}, 5), InputError);
}

}  // namespace
}  // namespace sinkscope::experiments::rope
