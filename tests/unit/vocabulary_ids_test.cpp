#include "sinkscope/app/vocabulary_ids.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/support/tiny_model.h"

namespace sinkscope::app {
namespace {

using testing::ElementsAre;

class VocabularyIds : public testing::Test {
 protected:
  text::Tokenizer tokenizer_ = text::Tokenizer::load(SINKSCOPE_SOURCE_DIR "/models/planted/tokenizer.json");
  model::Config config_ = tests::tiny_config();
  void SetUp() override { config_.vocab_size = tokenizer_.size() + 5; }  // rows that no token has, as in Qwen3
};

TEST_F(VocabularyIds, AllAreTheTokenizersAndUnusedRowsOnlyWhereAskedFor) {
  const auto all = vocabulary_ids({}, config_, &tokenizer_);
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [&](int64_t id) { return tokenizer_.has(id); }));
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [&](int64_t id) { return id >= tokenizer_.size(); }), 0);
  const auto with_unused = vocabulary_ids({.unused_rows = true}, config_, &tokenizer_);
  EXPECT_EQ(static_cast<int64_t>(with_unused.size()), config_.vocab_size);
  EXPECT_EQ(with_unused.back(), config_.vocab_size - 1);
  EXPECT_EQ(vocabulary_ids({}, config_, nullptr), with_unused) << "without a tokenizer every row counts";
  EXPECT_TRUE(piece_of(with_unused.back(), &tokenizer_).is_null());
  EXPECT_FALSE(piece_of(all.front(), &tokenizer_).is_null());
}

TEST_F(VocabularyIds, AListIsTakenInItsOrderAndCheckedAgainstTheRows) {
  EXPECT_THAT(vocabulary_ids({.list = "7,2-4"}, config_, &tokenizer_), ElementsAre(7, 2, 3, 4));
  tests::expect_input_error([&] { vocabulary_ids({.list = "3,2-4"}, config_, &tokenizer_); },
                            {"--ids", "3 is listed twice"});
  const auto rows = std::to_string(config_.vocab_size);
  tests::expect_input_error([&] { vocabulary_ids({.list = rows}, config_, &tokenizer_); }, {"--ids", rows + " rows"});
}

TEST_F(VocabularyIds, RandomOnesAreAllsAndDrawnBySeedWithoutReplacement) {
  const auto draw = [&](const char* list, int64_t seed) {
    return vocabulary_ids({.list = list, .seed = seed}, config_, &tokenizer_);
  };
  const auto all = vocabulary_ids({}, config_, &tokenizer_), some = draw("random:40", 7);
  EXPECT_EQ(some.size(), 40u);
  EXPECT_TRUE(std::includes(all.begin(), all.end(), some.begin(), some.end()));
  EXPECT_EQ(std::adjacent_find(some.begin(), some.end(), std::greater_equal<>()), some.end()) << "sorted, none twice";
  EXPECT_EQ(draw("random:40", 7), some);
  EXPECT_NE(draw("random:40", 8), some);
  EXPECT_EQ(draw(("random:" + std::to_string(all.size())).c_str(), 1), all);
  for (const auto* wrong : {"random:0", "random:x", "random:", "random:100000000"}) {
    tests::expect_input_error([&] { draw(wrong, 0); }, {"--ids random"});
  }
}

}  // namespace
}  // namespace sinkscope::app
