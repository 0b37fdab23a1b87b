#include <nlohmann/json.hpp>

#include "sinkscope/trials/search/search.h"
#include "sinkscope/trials/search/subspace.h"
#include "tests/support/tiny_model.h"
#include "tests/support/trial_run.h"

namespace sinkscope::tests {
namespace {

using namespace trials::search;
using intervene::Role;
using model::Point;

TEST(Signal, IsNamedAndJoinedByItsDimensions) {
  EXPECT_EQ(name(Signal{}), "the whole vector");
  EXPECT_EQ(name(Signal{.dimensions = {5}}), "channel 5");
  EXPECT_EQ(name(Signal{.dimensions = {5, 61}}), "channels 5, 61");
  EXPECT_EQ(name(Signal{.basis = at::ones({1, 4})}), "a direction");
  EXPECT_EQ(joined({{.dimensions = {9}}, {.dimensions = {2, 4}}}).dimensions, (std::vector<int64_t>{2, 4, 9}));
  EXPECT_TRUE(joined({{.dimensions = {9}}, {.basis = at::ones({1, 4})}}).is_directions());
}

TEST(Signal, HasARankAndASupport) {
  EXPECT_EQ((Signal{.dimensions = {5, 61}}).rank(), 2);
  EXPECT_EQ((Signal{.dimensions = {5, 61}}).support(128), 2);
  const Signal inside{.dimensions = {5, 61, 7}, .basis = at::ones({1, 128})}, all{.basis = at::ones({2, 128})};
  EXPECT_EQ(inside.rank(), 1);
  EXPECT_EQ(inside.support(128), 3);
  EXPECT_EQ(all.rank(), 2);
  EXPECT_EQ(all.support(128), 128);
  EXPECT_EQ(name(inside), "a direction in 3 channels");
  EXPECT_EQ(name(all), "2 directions");
  EXPECT_TRUE(at::allclose(along(at::tensor({3.0, 0.0, -4.0})).basis,
                           at::tensor({0.6, 0.0, -0.8}).to(at::kFloat).unsqueeze(0)));
}

/// Rows of unit noise whose parts along the directions are these levels and no noise.
at::Tensor rows_with_levels(const at::Tensor& directions, const at::Tensor& levels, const at::Generator& generator) {
  const auto noise = at::randn({levels.size(0), directions.size(1)}, generator, at::kDouble);
  return noise - at::matmul(at::matmul(noise, directions.t()), directions) + at::matmul(levels, directions);
}

TEST(Subspace, FindsTheDirectionsThatOneKindHoldsAndOthersDoNot) {
  const auto generator = at::detail::createCPUGenerator(3);
  const auto planted = std::get<0>(at::linalg_qr(at::randn({20, 2}, generator, at::kDouble))).t();
  const auto held = rows_with_levels(planted, at::full({300, 2}, 4.0, at::kDouble), generator);
  const auto others = rows_with_levels(planted, at::randn({300, 2}, generator, at::kDouble), generator);
  const auto found = directions_apart(others, held, 3).to(at::kDouble);
  EXPECT_TRUE(at::allclose(at::matmul(found, found.t()), at::eye(3, at::kDouble), 0, 1e-5));
  // both planted directions lie in the span of the first two found
  EXPECT_GT(at::matmul(planted, found.slice(0, 0, 2).t()).norm(2, 1).min().item<double>(), 0.99);
  EXPECT_LT(at::matmul(planted, found.slice(0, 2, 3).t()).abs().max().item<double>(), 0.1);
}

TEST(Subspace, PrincipalComponentsAreOfTheRowsAboutTheOthersMean) {
  const auto generator = at::detail::createCPUGenerator(4);
  const auto signs = at::randn({200, 1}, generator, at::kDouble).sign();
  const auto direction = at::randn({1, 12}, generator, at::kDouble);
  const auto unit = direction / direction.norm();
  const auto others = at::randn({200, 12}, generator, at::kDouble) + 3;
  const auto rows =
      at::randn({200, 12}, generator, at::kDouble) + 3 + at::matmul(9 * signs, unit);  // their means are equal
  EXPECT_GT(at::matmul(principal(rows, others, 1).to(at::kDouble), unit.t()).abs().item<double>(), 0.99);
  EXPECT_EQ(principal(rows, others, 3).sizes(), (std::vector<int64_t>{3, 12}));
}

TEST(Subspace, IsWhatTheNeuronsReadWhoseWritesDifferMost) {
  const auto model = tiny_model();
  const auto& block = model.block(1);
  const auto generator = at::detail::createCPUGenerator(5);
  const auto rows = at::randn({50, 40}, generator, at::kFloat) + 1, others = at::randn({80, 40}, generator, at::kFloat);
  const auto neurons = [&](const at::Tensor& x) {  // in float64, by the definition
    const auto wide = x.to(at::kDouble), gain = block.ln2.weight.to(at::kDouble);
    const auto normed = wide * (wide.square().mean(1, true) + block.ln2.eps).rsqrt() * gain;
    const auto gate = at::matmul(normed, block.mlp.gate_weight().to(at::kDouble).t());
    return (gate * gate.sigmoid() * at::matmul(normed, block.mlp.up_weight().to(at::kDouble).t())).mean(0);
  };
  const auto lengths = block.mlp.down_weight().to(at::kDouble).square().sum(0).sqrt();
  const auto order = ((neurons(rows) - neurons(others)).abs() * lengths).argsort(0, /*descending=*/true);
  const auto gates = (block.mlp.gate_weight() * block.ln2.weight).index_select(0, order.slice(0, 0, 2)).to(at::kDouble);
  const auto found = read_by(block.ln2, block.mlp, rows, others, 3).to(at::kDouble);
  EXPECT_TRUE(at::allclose(at::matmul(found, found.t()), at::eye(3, at::kDouble), 0, 1e-5));
  EXPECT_TRUE(at::allclose(found[0], gates[0] / gates[0].norm(), 0, 1e-5));
  const auto in_span = at::matmul(at::matmul(gates[1], found.slice(0, 0, 2).t()), found.slice(0, 0, 2));
  EXPECT_TRUE(at::allclose(in_span, gates[1], 0, 1e-4));
}

TEST(Subspace, IsCutToChannelsAndStaysOrthonormal) {
  const auto basis = at::tensor({0.6, 0.8, 0.0, 0.0, 0.0, 0.0, 0.28, 0.96}).to(at::kFloat).view({2, 4});
  const auto cut = within(basis, {1, 3});
  EXPECT_TRUE(
      at::allclose(cut.abs(), at::tensor({0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0}).to(at::kFloat).view({2, 4})));
  EXPECT_EQ(by_share(basis), (std::vector<int64_t>{3, 1, 0, 2}));
}

TEST(Signal, ItsLevelIsWrittenAndItsCopyTakenWhereTheyAreAskedFor) {
  const model::Site site{Point::resid_post, 0};
  const auto level = level_of(site, {.dimensions = {5}}, 0, 8);
  EXPECT_EQ(level.operation, intervene::Operation::mean);
  EXPECT_EQ(level.tokens, (std::vector<int64_t>{8}));
  EXPECT_EQ(level.from->tokens, (std::vector<int64_t>{0}));
  EXPECT_EQ(level.dimensions, (std::vector<int64_t>{5}));
  const auto copy = copy_of(site, {}, "alone", 8);
  EXPECT_EQ(copy.operation, intervene::Operation::copy);
  EXPECT_EQ(copy.from->run, "alone");
  const auto rows = at::arange(8, at::kFloat).view({2, 4});
  EXPECT_TRUE(at::equal(mean_coordinates({.dimensions = {1, 3}}, rows), at::tensor({3.0, 5.0}, at::kDouble)));
}

TEST(Signal, ChannelsThatTheResidualDoesNotHaveAreRefused) {
  EXPECT_EQ(parse_channels("5,1-2,5", tiny_config()), (std::vector<int64_t>{5, 1, 2}));
  EXPECT_TRUE(parse_channels("", tiny_config()).empty());
  expect_input_error([] { parse_channels("40", tiny_config()); }, {"--dimensions", "40", "0 to 39"});
}

TEST(Search, TheBarsOfASink) {
  // Half of what token 0 has from the same queries with a fifth to spare, and a quarter of the unedited sink.
  EXPECT_TRUE(makes_sink({.first = 0.5, .later = 0.31, .ordinary = 0.01}, 0.9));
  EXPECT_FALSE(makes_sink({.first = 0.5, .later = 0.29, .ordinary = 0.01}, 0.9));
  EXPECT_FALSE(makes_sink({.first = 0.1, .later = 0.2, .ordinary = 0.01}, 0.9));  // half of a fallen sink is none
  EXPECT_TRUE(makes_sink({.first = 0.5, .later = 0.26, .ordinary = 0.01}, 0.9, kHalf));
  EXPECT_TRUE(ends_sink({.first = 0.1, .later = 0, .ordinary = 0.02}, 0.9));
  EXPECT_FALSE(ends_sink({.first = 0.12, .later = 0, .ordinary = 0.02}, 0.9));
}

TEST(Search, LevelsAreMeansOverTheSamplesThatCount) {
  const double nan = std::nan("");
  const auto attention = at::tensor({0.2, 0.4, 0.1, nan, nan, nan, 0.4, 0.6, 0.3}, at::kDouble).view({3, 3});
  const auto found = level(attention, 1);
  EXPECT_DOUBLE_EQ(found.first, 0.3);
  EXPECT_DOUBLE_EQ(found.later, 0.5);
  EXPECT_DOUBLE_EQ(found.ordinary, 0.2);
}

TEST(Search, LooksBelowTheSinkInTheOrderOfThePass) {
  const std::vector<model::Site> wanted{
      {Point::resid_mid, 0}, {Point::resid_post, 0}, {Point::resid_mid, 1}, {Point::resid_post, 1}};
  EXPECT_EQ(candidate_sites(2), wanted);
  EXPECT_TRUE(candidate_sites(0).empty());
}

TEST(Search, ATraceRanksDimensionsByHowFarTokenZeroStandsApart) {
  auto generator = at::detail::createCPUGenerator(5);
  auto rows = at::randn({50, 9, 4}, generator, at::kFloat);
  rows.select(1, 0).select(1, 2).add_(6);
  rows.select(1, 0).select(1, 1).sub_(3);
  const auto trace = trace_of(rows);
  EXPECT_EQ(trace.by_effect[0], 2);
  EXPECT_EQ(trace.by_effect[1], 1);
  EXPECT_GT(trace.effect[2].item<double>(), 3);
  EXPECT_LT(trace.effect[1].item<double>(), -1.5);
}

TEST(Search, SelfOnlyRunsAreNamedByTheirLayers) {
  const auto runs = alone_runs(8, 3);
  EXPECT_EQ(runs.size(), 6U);
  const Alone alone{.token = 8, .last = 1};
  EXPECT_EQ(intervene::spell(runs.at(alone.run())), "layers=0-1;tokens=8");
  EXPECT_EQ(intervene::spell(runs.at(alone.all_run())), "layers=0-1;tokens=all");
}

/// The planted circuit's answer, from models/planted/planted.json: channel 87 of the residual after block 0.
class PlantedSearch : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path model = std::string(SINKSCOPE_SOURCE_DIR) + "/models/planted";
    options_ = trial_options(model, folder_ / "out.json");
    options_.run.text = (model / "text.txt").string();
    options_.run.samples = 12;
    options_.run.length = 32;
    options_.run.q_min = 4;
    run_ = std::make_unique<app::Run>(options_.run, command_);
    runner_ = std::make_unique<trials::Runner>(*run_, options_,
                                               trials::Design{.tracked = {0, kToken},
                                                              .edited = {0, kLastTraced, kToken},
                                                              .runs = alone_runs(kToken, run_->config().n_layers),
                                                              .split = true});
    ASSERT_TRUE(runner_->start());
  }

  static constexpr int64_t kToken = 9;
  Folder folder_{"planted_search"};
  CLI::App command_{"", "search"};
  trials::Options options_;
  std::unique_ptr<app::Run> run_;
  std::unique_ptr<trials::Runner> runner_;
};

TEST_F(PlantedSearch, FindsThePlantedChannelAndNoOther) {
  ASSERT_EQ(runner_->sink_layer(), 2);
  EXPECT_EQ(runner_->baseline().massive_activation->site, (model::Site{Point::mlp_out, 1}));
  EXPECT_EQ(runner_->baseline().massive_activation->dimensions, (std::vector<int64_t>{5, 13}));
  const auto alone = find_alone(*runner_, kToken);
  EXPECT_TRUE(alone.makes_sink);
  EXPECT_EQ(alone.last, 0);
  const model::Site before{Point::resid_mid, 0}, site{Point::resid_post, 0};
  gather(*runner_, {before, site}, alone);
  const auto found = search(*runner_, site, alone);
  EXPECT_TRUE(found.level_suffices);
  EXPECT_TRUE(found.removal_ends);
  ASSERT_EQ(found.sufficient.size(), 1U);
  EXPECT_EQ(found.sufficient[0].dimensions, (std::vector<int64_t>{87}));
  EXPECT_TRUE(found.each_needed);
  EXPECT_EQ(found.needed, (std::vector<int64_t>{87}));
}

}  // namespace
}  // namespace sinkscope::tests
