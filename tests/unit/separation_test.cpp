#include "sinkscope/measure/separation.h"

#include "sinkscope/measure/bootstrap.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace measure;

TEST(Separation, ByHand) {  // token 0 holds 3 and 5; the others 1, 2, 3, 4
  const auto x = at::tensor({3.f, 1.f, 2.f, 5.f, 3.f, 4.f}).view({2, 3, 1});
  // pairs won by token 0: 3 beats 1, 2, ties 3, loses to 4 (2.5); 5 beats all (4): 6.5 of 8
  EXPECT_NEAR(auc(x).item<double>(), 6.5 / 8, 1e-12);
  EXPECT_NEAR(auc(-x).item<double>(), 6.5 / 8, 1e-12);
  // means 4 and 2.5; variances 1 and 1.25 over n = 2 and 4: pooled (2 + 5) / 6
  EXPECT_NEAR(effect_size(x).item<double>(), 1.5 / std::sqrt(7.0 / 6), 1e-6);
  EXPECT_EQ(effect_size(at::ones({2, 3, 1})).item<double>(), 0);
  EXPECT_DOUBLE_EQ(p_value({0.1, 0.2, 0.3}, 0.2), 3.0 / 4);
  EXPECT_DOUBLE_EQ(p_value({0.1, 0.2, 0.3}, 0.4), 1.0 / 4);
}

/// The best of 4,096 noise dimensions at n = 100 reaches an AUC of about 0.66 against one other token: the reason for
/// a maximum over dimensions, which finds it ordinary, and finds a real shift.
TEST(Separation, TheBestOfManyNoiseDimensionsIsOrdinary) {
  for (const uint64_t seed : {1, 2, 3}) {
    auto generator = at::detail::createCPUGenerator(seed);
    auto x = at::randn({100, 2, 4096}, generator, at::kFloat);
    EXPECT_NEAR(auc(x).max().item<double>(), 0.66, 0.025);
    const auto chance = largest_auc_by_chance(x, seed, 60);
    EXPECT_GT(p_value(chance, auc(x).max().item<double>()), 0.02);
    x.select(1, 0).select(1, 7) += 1.5;
    EXPECT_EQ(auc(x).argmax().item<int64_t>(), 7);
    EXPECT_NEAR(p_value(chance, auc(x)[7].item<double>()), 1.0 / 61, 1e-12);
  }
}

TEST(Bootstrap, ByDocumentIsWiderThanBySampleWhereSamplesDepend) {
  auto generator = at::detail::createCPUGenerator(5);
  const auto own = at::randn({40}, generator, at::kDouble);
  const auto values = own.repeat_interleave(5);  // five samples a document, all alike
  std::vector<int64_t> documents, samples;
  for (int64_t i = 0; i < 200; ++i) {
    documents.push_back(i / 5);
    samples.push_back(i);
  }
  const auto by_document = Bootstrap(documents, 1).interval(values), by_sample = Bootstrap(samples, 1).interval(values);
  const double spread = own.std().item<double>() / std::sqrt(40.0);
  EXPECT_NEAR(by_document.high - by_document.low, 2 * 1.96 * spread, 0.3 * spread);
  EXPECT_NEAR((by_document.high - by_document.low) / (by_sample.high - by_sample.low), std::sqrt(5.0), 0.25);
  EXPECT_NEAR(by_document.mean, own.mean().item<double>(), 1e-12);
}

TEST(Bootstrap, DrawsTheDocumentsOfEachTextAmongThemselves) {
  // Two texts of one level each: what is drawn has as much of each, so that the mean is the same in every draw.
  std::vector<int64_t> documents, texts, one(24, 0);
  auto values = at::zeros({24}, at::kDouble);
  for (int64_t i = 0; i < 24; ++i) {
    documents.push_back(i / 2);
    texts.push_back(i / 2 % 3 == 0 ? 1 : 0);  // 4 documents of text 1 among 8 of text 0
    values[i] = static_cast<double>(texts.back());
  }
  const Bootstrap by_text(documents, 3, texts);
  const auto found = by_text.interval(values);
  EXPECT_DOUBLE_EQ(found.mean, 1.0 / 3);
  EXPECT_NEAR(found.high - found.low, 0, 1e-12);
  const auto together = Bootstrap(documents, 3).interval(values);
  EXPECT_NEAR(together.high - together.low, 2 * 1.96 * std::sqrt(2.0 / 9 / 12), 0.1);
  const auto same = Bootstrap(documents, 3, one).interval(values);
  EXPECT_EQ(same.low, together.low);
  EXPECT_EQ(same.high, together.high);
  // Within a text the draw is that of its documents alone.
  auto noise = at::randn({24}, at::detail::createCPUGenerator(4), at::kDouble);
  const auto inside = by_text.over(values > 0).interval(noise);
  EXPECT_EQ(inside.n, 8);
  EXPECT_NEAR(inside.mean, noise.masked_select(values > 0).mean().item<double>(), 1e-12);
  const auto means = noise.masked_select(values > 0).reshape({4, 2}).mean(1);
  EXPECT_NEAR(inside.high - inside.low, 2 * 1.96 * means.std(0, false, false).item<double>() / 2,
              0.35 * (inside.high - inside.low));
}

TEST(Bootstrap, CoversTheTruthAsOftenAsItSays) {
  auto generator = at::detail::createCPUGenerator(9);
  std::vector<int64_t> documents(60);
  for (int64_t i = 0; i < 60; ++i) documents[i] = i;
  int covered = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const auto found = Bootstrap(documents, trial, {}, 400).interval(at::randn({60}, generator, at::kDouble));
    covered += found.low <= 0 && found.high >= 0;
  }
  EXPECT_NEAR(covered / 300.0, 0.95, 0.04);
}

TEST(Bootstrap, WithoutTwoDocumentsThereIsNoInterval) {
  const Bootstrap one({3, 3, 3}, 0);
  const auto found = one.interval(at::tensor({1.0, 2.0, NAN}));
  EXPECT_DOUBLE_EQ(found.mean, 1.5);
  EXPECT_EQ(found.n, 2);
  EXPECT_TRUE(std::isnan(found.low));
  EXPECT_STREQ(reading(found, 1), "undecided");
  const Bootstrap many({0, 0, 1, 1, 2}, 0);
  const auto part =
      many.over(at::tensor({1, 0, 1, 0, 0}).to(at::kBool)).interval(at::tensor({1.0, 9.0, 3.0, 9.0, 9.0}));
  EXPECT_DOUBLE_EQ(part.mean, 2);
  EXPECT_EQ(part.n, 2);
}

TEST(Bootstrap, Readings) {
  EXPECT_STREQ(reading({0.01, -0.02, 0.03, 9}, 0.05), "no effect");
  EXPECT_STREQ(reading({0.5, 0.4, 0.6, 9}, 0.05), "effect");
  EXPECT_STREQ(reading({-0.5, -0.6, -0.4, 9}, 0.05), "effect");
  EXPECT_STREQ(reading({0.04, 0.01, 0.07, 9}, 0.05), "undecided");  // not 0, not beyond the bound
  EXPECT_STREQ(reading({0.2, -0.1, 0.5, 9}, 0.05), "undecided");
}

}  // namespace
}  // namespace sinkscope::tests
