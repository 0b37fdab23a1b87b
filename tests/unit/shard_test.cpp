#include "sinkscope/app/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/support/refusal.h"

namespace sinkscope::app {
namespace {

using tests::refusal;

using testing::HasSubstr;

/// With these variables and none of the others that shards look at.
Shard chosen(const ShardOptions& o, const std::map<std::string, std::string>& environment) {
  for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "SLURM_NTASKS", "RANK"}) {
    const auto given = environment.find(name);
    given == environment.end() ? unsetenv(name) : setenv(name, given->second.c_str(), 1);
  }
  return choose_shard(o);
}

TEST(Shard, FromTheEnvironment) {
  const ShardOptions eight{"", 8};
  EXPECT_EQ(chosen(eight, {{"SLURM_ARRAY_TASK_ID", "5"}}), (Shard{5, 8}));
  EXPECT_EQ(chosen(eight, {{"SLURM_ARRAY_TASK_ID", "5"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), (Shard{5, 8}));
  EXPECT_EQ(chosen(eight, {{"SLURM_ARRAY_TASK_ID", "1"}, {"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}}), (Shard{7, 8}));
  EXPECT_EQ(chosen(eight, {{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "8"}}), (Shard{3, 8}));
  EXPECT_EQ(chosen(eight, {{"RANK", "2"}}), (Shard{2, 8}));
  EXPECT_EQ(chosen({"3/4", 8}, {{"RANK", "2"}}), (Shard{3, 4}));
  EXPECT_EQ(chosen({}, {{"RANK", "2"}}), (Shard{0, 1}));
}

TEST(Shard, RefusesWhatCannotBe) {
  EXPECT_THAT(refusal([] { chosen({"", 8}, {}); }), HasSubstr("none is set"));
  EXPECT_THAT(refusal([] { chosen({"", 8}, {{"SLURM_ARRAY_TASK_ID", "8"}}); }), HasSubstr("expected 0 to 7"));
  EXPECT_THAT(refusal([] { chosen({"", 8}, {{"RANK", "two"}}); }), HasSubstr("RANK"));
  for (const char* word : {"4/4", "-1/4", "1/0", "1", "1/2/3", "a/b", "/"}) {
    EXPECT_THAT(refusal([&] { chosen({word, 0}, {}); }), HasSubstr("--shard")) << word;
  }
}

TEST(Shard, NamesTheOutputFile) {
  EXPECT_EQ(with_shard("a-{shard}.json", {"", 64}, {3, 64}), "a-03.json");
  EXPECT_EQ(with_shard("{shard}/{shard}", {"", 10}, {9, 10}), "9/9");
  EXPECT_EQ(with_shard("any.json", {"1/2", 0}, {1, 2}), "any.json");
  EXPECT_THAT(refusal([] { with_shard("a.json", {"", 8}, {1, 8}); }), HasSubstr("must contain {shard}"));
  EXPECT_THAT(refusal([] { with_shard("a-{shard}.json", {}, {}); }), HasSubstr("neither --shards nor --shard"));
}

TEST(Shard, RangesCoverEveryUnitOnce) {
  for (const int64_t units : {0, 1, 7, 64, 1000}) {
    for (const int64_t count : {1, 2, 3, 64}) {
      int64_t next = 0, least = units, most = 0;
      for (int64_t i = 0; i < count; ++i) {
        const auto [first, last] = range_of({i, count}, units);
        EXPECT_EQ(first, next);
        next = last;
        least = std::min(least, last - first);
        most = std::max(most, last - first);
      }
      EXPECT_EQ(next, units);
      EXPECT_LE(most - least, 1);
    }
  }
}

}  // namespace
}  // namespace sinkscope::app
