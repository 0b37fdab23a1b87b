#include "experiments/identify/rules.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experiments/identify/draws.h"

namespace sinkscope::tests {
namespace {

using namespace experiments::identification;
using nlohmann::json;

constexpr double kEquivalence = 0.1;

/// Of 40 samples whose sink is about 0.5 and is about `left` with the edit, an ordinary token's 0.02.
std::string needed_of(double left) {
  std::vector<int64_t> documents(40);
  for (size_t i = 0; i < documents.size(); ++i) documents[i] = static_cast<int64_t>(i);
  const auto noise = at::linspace(-0.02, 0.02, 40, at::kDouble);
  return needed(measure::Bootstrap(documents, 1), kEquivalence, 0.5 + noise, left - noise,
                at::full({40}, 0.02, at::kDouble));
}

TEST(Needed, SaysWhatIsLeftOfTheSink) {
  EXPECT_EQ(needed_of(0.03), "yes");
  EXPECT_EQ(needed_of(0.25), "in part");
  EXPECT_EQ(needed_of(0.07), "open");  // a tenth of the sink above an ordinary token
  EXPECT_EQ(needed_of(0.49), "no");
  EXPECT_EQ(needed_of(0.9), "no");  // it rises
}

TEST(FewEnough, IsOneOfEightOrFiveInAHundred) {
  EXPECT_EQ(few_enough(0, 0), Met::open);
  EXPECT_EQ(few_enough(0, 1), Met::yes);
  EXPECT_NE(few_enough(1, 1), Met::yes);
  EXPECT_NE(few_enough(1, 7), Met::yes);
  EXPECT_EQ(few_enough(1, 8), Met::yes);
  EXPECT_EQ(few_enough(5, 100), Met::yes);
  EXPECT_EQ(few_enough(6, 100), Met::open);
  EXPECT_EQ(few_enough(20, 100), Met::no);
}

json stage(int64_t first, int64_t last, const std::string& kind, json earlier = json::array()) {
  return {{"first", first}, {"last", last},      {"layer", first},
          {"kind", kind},   {"signal", nullptr}, {"earlier", std::move(earlier)}};
}

json needs(size_t stage, const char* answer) {
  return {{"stage", stage}, {"needed", answer}};
}

TEST(Agreement, IsOfTheSameStageWhateverItsNumber) {
  const json draws{{{"stages", {stage(3, 9, "a direction"), stage(12, 20, "a direction", {needs(0, "in part")})}}},
                   {{"stages",
                     {stage(1, 1, "undecided"), stage(4, 9, "a direction"),
                      stage(12, 20, "a set", {needs(0, "no"), needs(1, "in part")})}}},
                   {{"stages", {stage(12, 19, "a direction")}}},
                   {{"stages", json::array()}}};
  const auto rows = agreement(draws);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("kinds"), (json{{"a direction", 2}, {"no sink", 2}}));
  EXPECT_EQ(rows[1].at("kinds"), (json{{"a direction", 2}, {"a set", 1}, {"no sink", 1}}));
  EXPECT_EQ(rows[1].at("needed"), (json{{{"stage", 0}, {"answers", {{"in part", 2}, {"not asked", 1}}}}}));
  EXPECT_EQ(rows[2].at("stage"), json());  // not in the first draw
  EXPECT_EQ(rows[2].at("first"), 1);
  EXPECT_EQ(rows[2].at("kinds"), (json{{"undecided", 1}, {"no sink", 3}}));
}

TEST(Agreement, KnowsAStageThatTheFirstDrawLacks) {
  const json draws{
      {{"stages", json::array()}}, {{"stages", {stage(3, 9, "a direction")}}}, {{"stages", {stage(3, 8, "a set")}}}};
  const auto rows = agreement(draws);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("kinds"), (json{{"a direction", 1}, {"a set", 1}, {"no sink", 1}}));
}

}  // namespace
}  // namespace sinkscope::tests
