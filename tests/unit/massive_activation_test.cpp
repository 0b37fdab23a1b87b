#include "sinkscope/measure/massive_activation.h"

#include <nlohmann/json.hpp>

#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using measure::BlockOutputs;
using model::Point;

constexpr int64_t kTokens = 9, kWidth = 40;

/// Outputs of the tiny model's three blocks: 0.1 in every dimension of every token, but at token 0 what `set` says.
BlockOutputs outputs(const std::vector<std::tuple<model::Site, int64_t, float>>& set) {
  BlockOutputs seen(tiny_config().n_layers, kTokens);
  model::Taps taps(tiny_config());
  seen.attach(taps, {kTokens, kTokens});
  for (int64_t layer = 0; layer < tiny_config().n_layers; ++layer) {
    for (const auto point : {Point::attn_out, Point::mlp_out}) {
      auto x = at::full({2, kTokens, kWidth}, 0.1);
      for (const auto& [site, dimension, value] : set) {
        if (site == model::Site{point, layer}) x.select(1, 0).select(1, dimension).fill_(value);
      }
      taps({point, layer}, x);
    }
  }
  return seen;
}

TEST(MassiveActivation, TheLargestWriteBeforeTheSinkIsIt) {
  const model::Site early{Point::attn_out, 0}, largest{Point::mlp_out, 1}, removal{Point::mlp_out, 2};
  const auto seen = outputs({{early, 3, 20}, {largest, 7, 300}, {largest, 5, -40}, {removal, 7, -310}});
  const auto found = measure::find_massive_activation(seen, 2);  // what removes it comes after the sink
  ASSERT_TRUE(found);
  EXPECT_EQ(found->site, largest);
  EXPECT_EQ(found->dimensions, (std::vector<int64_t>{7, 5}));  // 300² is 98.3 % of the squared norm
  EXPECT_EQ(found->holding, 2);
  EXPECT_NEAR(found->norm, std::sqrt(300.0 * 300 + 40 * 40 + 38 * 0.01), 1e-3);
  EXPECT_NEAR(found->others, std::sqrt(40 * 0.01), 1e-6);
  EXPECT_EQ(measure::find_massive_activation(seen, 1)->site, early);
  EXPECT_FALSE(measure::find_massive_activation(seen, 0));
  EXPECT_EQ(measure::find_massive_activation(seen, -1)->site, removal);  // no sink: of all layers
}

TEST(MassiveActivation, FourTimesTheNormOfOthersIsTheBar) {
  const model::Site site{Point::mlp_out, 0};
  const double others = std::sqrt(40 * 0.01), rest = 39 * 0.01;
  const auto value = [&](double times) {
    return static_cast<float>(std::sqrt(times * times * others * others - rest));
  };
  EXPECT_FALSE(measure::find_massive_activation(outputs({{site, 0, value(3.99)}}), 2));
  EXPECT_TRUE(measure::find_massive_activation(outputs({{site, 0, value(4.01)}}), 2));
  EXPECT_FALSE(measure::find_massive_activation(outputs({}), 2));
}

TEST(MassiveActivation, SamplesOfOneTokenHaveNoneThatItCouldBeToldFrom) {
  BlockOutputs seen(1, 1);
  auto config = tiny_config();
  config.n_layers = 1;
  model::Taps taps(config);
  seen.attach(taps, {1});
  for (const auto point : {Point::attn_out, Point::mlp_out}) taps({point, 0}, at::full({1, 1, kWidth}, 100.0));
  EXPECT_FALSE(measure::find_massive_activation(seen, -1));
}

TEST(MassiveActivation, SixteenDimensionsAreNamedOfThoseThatHoldIt) {
  std::vector<std::tuple<model::Site, int64_t, float>> set;
  for (int64_t d = 0; d < 20; ++d) set.emplace_back(model::Site{Point::attn_out, 1}, d, 50.0F + static_cast<float>(d));
  const auto found = measure::find_massive_activation(outputs(set), 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->holding, 20);
  EXPECT_EQ(found->dimensions.size(), 16U);
  EXPECT_EQ(found->dimensions.front(), 19);
}

}  // namespace
}  // namespace sinkscope::tests
