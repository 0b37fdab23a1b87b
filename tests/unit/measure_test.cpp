#include <cmath>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/attention_by_key.h"
#include "sinkscope/measure/key_profile.h"
#include "sinkscope/measure/loss.h"
#include "sinkscope/measure/massive_activation.h"
#include "sinkscope/measure/outliers.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/measure/vector_stats.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace measure;
using model::Point;
using model::Taps;

TEST(Statistics, ByHand) {
  const auto s = summarize({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(s.mean, 2.5);
  EXPECT_NEAR(s.sd, 1.2909944, 1e-6);
  EXPECT_NEAR(s.half_width, 3.1824463 * 1.2909944 / 2, 1e-5);
  EXPECT_EQ(summarize({1, NAN, 3}).n, 2u);
  EXPECT_TRUE(std::isnan(summarize({NAN}).mean));
  EXPECT_TRUE(finite(NAN).is_null());
  EXPECT_DOUBLE_EQ(quantile({1, 2, 4, 8}, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 4, 8}, 0.9), 6.8);
  EXPECT_DOUBLE_EQ(quantile({5}, 1), 5);
}

TEST(Statistics, TQuantilesOfThePrintedTable) {
  const std::pair<size_t, double> table[] = {{1, 12.7062}, {2, 4.3027}, {3, 3.1824},  {4, 2.7764},
                                             {5, 2.5706},  {9, 2.2622}, {31, 2.0395}, {100, 1.9840}};
  for (const auto& [degrees, t] : table) EXPECT_NEAR(t_quantile(0.025, degrees), t, 1e-4) << degrees;
  EXPECT_NEAR(t_quantile(0.0005, 31), 3.6335, 1e-4);
  EXPECT_NEAR(t_quantile(0.025, 150'000), 1.95999, 1e-4);
}

TEST(Statistics, BinomialTailsByHand) {
  EXPECT_NEAR(binomial_tail(3, 0.5, 1), 7.0 / 8, 1e-12);
  EXPECT_NEAR(binomial_tail(3, 0.5, 3), 1.0 / 8, 1e-12);
  EXPECT_NEAR(binomial_tail(10, 0.05, 2), 1 - std::pow(0.95, 10) - 0.5 * std::pow(0.95, 9), 1e-12);
  EXPECT_NEAR(binomial_tail(100, 0.05, 0), 1, 1e-12);
  EXPECT_EQ(binomial_tail(10, 0.05, 11), 0);
}

TEST(Statistics, TQuantilesFarOutByTheirClosedForms) {
  for (const double tail : {1e-3, 1e-6, 1e-9}) {
    const double cauchy = 1 / std::tan(std::acos(-1.0) * tail), a = 1 - 2 * tail;
    EXPECT_NEAR(t_quantile(tail, 1) / cauchy, 1, 1e-5) << tail;
    EXPECT_NEAR(t_quantile(tail, 2) / (a * std::sqrt(2 / (4 * tail * (1 - tail)))), 1, 1e-5) << tail;
  }
}

/// mean_attention and alpha by their definitions, from the whole pattern, one loop an index.
struct Direct {
  double mean_attention = 0, alpha = 0;
};
Direct direct(const at::Tensor& pattern, int64_t token, int64_t first, int64_t length) {  // pattern [T, T] of one head
  Direct d;
  for (int64_t q = first; q < length; ++q) d.mean_attention += pattern[q][token].item<double>();
  for (int64_t q = token; q < length; ++q) d.alpha += pattern[q][token].item<double>();
  d.mean_attention /= static_cast<double>(length - first);
  d.alpha /= static_cast<double>(length - token);
  return d;
}

TEST(SinkScore, AgreesWithTheDefinitionOnRaggedSamples) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(3, 20);
  const std::vector<int64_t> lengths = {20, 5, 13};
  SinkScore sink(m.config(), {{0, 4}, {6, 1}}, lengths);
  for (int64_t first = 0; first < 3; first += 2) {  // two batches
    const int64_t n = std::min<int64_t>(2, 3 - first);
    Taps taps(m.config());
    sink.attach(taps, first, n, 20, at::kCPU);
    m.forward(ids.slice(0, first, first + n), taps);
  }
  const auto of_zero = sink.mean_attention(0), of_six = sink.mean_attention(1);
  for (int64_t layer = 0; layer < 3; ++layer) {
    const auto pattern = read_site(m, ids, {Point::pattern, layer});
    for (int64_t sample = 0; sample < 3; ++sample) {
      for (int64_t head = 0; head < 6; ++head) {
        const auto zero = direct(pattern[sample][head], 0, 4, lengths[sample]);
        EXPECT_NEAR(of_zero[sample][layer][head].item<double>(), zero.mean_attention, 5e-6);
        EXPECT_NEAR(sink.alpha(0)[sample][layer][head].item<double>(), zero.alpha, 5e-6);
        if (lengths[sample] <= 7) {
          EXPECT_TRUE(std::isnan(of_six[sample][layer][head].item<double>()));
          continue;
        }
        EXPECT_NEAR(of_six[sample][layer][head].item<double>(),
                    direct(pattern[sample][head], 6, 7, lengths[sample]).mean_attention, 5e-6);
      }
    }
  }
  const auto json = sink.to_json(0);
  EXPECT_EQ(json["first_query"], 4);
  EXPECT_NEAR(json["mean_attention"]["mean"].get<double>(), of_zero.mean().item<double>(), 1e-12);
  EXPECT_EQ(sink.to_json(1)["samples"], 2);
}

TEST(SinkScore, UniformAttentionGivesUniform) {
  auto config = tiny_config();
  for (const int64_t window : {0, 1, 5, 15, 16}) {
    config.layers[0].window = window;
    const auto lively = tiny_model(config);
    Taps taps(config);
    SinkScore sink(config, {{0, 1}, {3, 6}}, {16, 16});
    for (int64_t layer = 0; layer < 3; ++layer)
      taps.edit({Point::q_normed, layer}, [](const at::Tensor& q) { return q * 0; });
    sink.attach(taps, 0, 2, 16, at::kCPU);
    lively.forward(tiny_ids(2, 16), taps);
    for (const size_t which : {0, 1})
      EXPECT_NEAR(sink.mean_attention(which).mean().item<double>(), sink.uniform(which), 1e-6) << window;
  }
  double sum = 0;
  for (int q = 1; q < 16; ++q) sum += 1.0 / (q + 1);
  EXPECT_NEAR(SinkScore(tiny_config(), {{0, 1}}, {16, 16}).uniform(0), sum / 15, 1e-12);
}

TEST(SinkScore, ATokenWithoutQueriesIsRefused) {
  expect_input_error([] { SinkScore(tiny_config(), {{19, 1}}, {20, 5}); }, {"token 19", "20 tokens"});
}

TEST(KeyProfile, AgreesWithThePattern) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 40);
  KeyProfile profile(m.config(), 40);
  Taps taps(m.config());
  profile.attach(taps, {40, 12});
  m.forward(ids, taps);
  const auto pattern = read_site(m, ids, {Point::pattern, 1});
  for (const int64_t key : {0, 5, 11, 33}) {
    double sum = 0, pairs = 0;
    for (const auto& [sample, length] : {std::pair<int64_t, int64_t>{0, 40}, {1, 12}}) {
      for (int64_t q = key + 1; q < length; ++q) {
        sum += pattern[sample].select(1, q).select(-1, key).sum().item<double>();
        pairs += 6;
      }
    }
    EXPECT_NEAR(profile.to_json()["by_layer"][1][key].get<double>(), sum / pairs, 5e-6) << key;
  }
}

TEST(AttentionByKey, AgreesWithThePattern) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 40);
  AttentionByKey attention(1);
  Taps taps(m.config());
  attention.attach(taps, {40, 12}, 40);
  m.forward(ids, taps);
  const auto pattern = read_site(m, ids, {Point::pattern, 1}).mean(1);  // [2, 40, 40]
  const auto to_key = attention.to_key(), to_first = attention.to_first();
  for (const auto& [sample, length] : {std::pair<int64_t, int64_t>{0, 40}, {1, 12}}) {
    for (const int64_t key : {0, 5, 10}) {
      const auto queries = pattern[sample].slice(0, key + 1, length);
      EXPECT_NEAR(to_key[sample][key].item<double>(), queries.select(1, key).mean().item<double>(), 5e-6) << key;
      EXPECT_NEAR(to_first[sample][key].item<double>(), queries.select(1, 0).mean().item<double>(), 5e-6) << key;
    }
  }
  const auto last = pattern[0].slice(0, 36, 40);  // a key beyond the first 32
  EXPECT_NEAR(to_key[0][35].item<double>(), last.select(1, 35).mean().item<double>(), 5e-6);
  EXPECT_NEAR(to_first[0][35].item<double>(), last.select(1, 0).mean().item<double>(), 5e-6);
  for (const auto& values : {to_key, to_first}) {
    EXPECT_TRUE(values[1].slice(0, 11).isnan().all().item<bool>());
    EXPECT_TRUE(values[0].slice(0, 39).isnan().all().item<bool>());
    EXPECT_EQ(values.isnan().sum().item<int64_t>(), 1 + 29);
  }
}

TEST(Loss, AgreesWithTheLogits) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 9);
  Loss loss([&](const at::Tensor& x) { return m.unembed(x); });
  Taps taps(m.config());
  loss.attach(taps, ids, {9, 4});
  m.forward(ids, taps);
  const auto log_p = read_site(m, ids, {Point::logits}).log_softmax(-1);
  double sum = 0;
  for (int64_t t = 0; t < 3; ++t) sum -= log_p[1][t][ids[1][t + 1]].item<double>();
  EXPECT_NEAR(loss.by_sample()[1], sum / 3, 1e-5);
  EXPECT_EQ(loss.to_json()["predicted_tokens"], 11);
}

TEST(VectorStats, ByHand) {
  VectorStats stats({0, 2});
  auto x = at::zeros({2, 3, 4});
  x[0][0][1] = 3;
  x[0][0][2] = 4;      // norm 5
  x[1][0][1] = -2000;  // norm 2000, the other direction
  x[1][1].fill_(0.5);
  x[1][2].fill_(0.5);
  stats.add(x, {2, 3});  // the first sample has no token 2
  const auto token = stats.token(0);
  EXPECT_EQ(token.samples, 2);
  EXPECT_DOUBLE_EQ(token.norm_mean, (5 + 2000) / 2.0);
  EXPECT_DOUBLE_EQ(token.max_abs, (4 + 2000) / 2.0);
  EXPECT_DOUBLE_EQ(token.massive_rate, 0.5);  // 2000 > 1000 * 0.5, and 4 is not above 100
  EXPECT_DOUBLE_EQ(token.top2_share, 1);
  // unit vectors (0, .6, .8, 0) and (0, -1, 0, 0): mean (0, -.2, .4, 0), E|z - mean|^2 = 1 - .2 = .8; over D = 4
  EXPECT_NEAR(token.spread, std::sqrt(0.8 / 4), 1e-12);
  EXPECT_EQ(stats.token(1).samples, 1);
  EXPECT_EQ(stats.top_dimensions(0, 2)[0].dimension, 1);
  EXPECT_DOUBLE_EQ(stats.top_dimensions(0, 2)[0].mean, (3 - 2000) / 2.0);
}

TEST(MassiveActivation, EnergyAndOutliers) {
  EXPECT_EQ(dimensions_holding(at::tensor({1.0, 98.0, 1.0}), 0.75), 1);
  EXPECT_EQ(dimensions_holding(at::tensor({1.0, 98.0, 1.0}), 0.99), 2);
  EXPECT_EQ(dimensions_holding(at::ones({4}, at::kDouble), 0.5), 2);
  VectorStats::Token token{};
  token.mean = at::tensor({100.0, -60.0, 49.0, 0.0});
  const auto others = at::tensor({30.0, 1.0, 1.0, 0.0});
  EXPECT_EQ(outlier_dimensions(token, others, 1.0), (std::vector<int64_t>{1}));  // 100 < 5 * 30; 49 < 50
}

}  // namespace
}  // namespace sinkscope::tests
