#include "sinkscope/measure/screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

namespace sinkscope::measure {
namespace {

/// Ids whose full score is a line in the features plus noise of a known size.
struct World {
  std::vector<std::vector<double>> features;
  std::vector<double> truth, audit_score;
  std::vector<size_t> audit;

  World(size_t ids, double noise, uint64_t seed, size_t audits = 400) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::student_t_distribution<double> heavy(5);
    for (size_t id = 0; id < ids; ++id) {
      const double effect = 0.02 * heavy(random), other = normal(random);
      features.push_back({3 * effect + 7, other});
      truth.push_back(0.5 + effect + 0.01 * other + noise * normal(random));
    }
    std::set<size_t> drawn;
    while (drawn.size() < audits) drawn.insert(random() % ids);
    audit.assign(drawn.begin(), drawn.end());
    for (const size_t id : audit) audit_score.push_back(truth[id]);
  }

  Screen screen() const { return fit_screen(features, audit, audit_score); }

  /// Of the `top` ids of an end, those that are known in full after the refinement.
  size_t found(const Refinement& refinement, size_t top, bool largest) const {
    std::vector<size_t> order(truth.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return largest ? truth[a] > truth[b] : truth[a] < truth[b]; });
    std::set<size_t> known(audit.begin(), audit.end());
    known.insert(refinement.ids.begin(), refinement.ids.end());
    return static_cast<size_t>(std::count_if(order.begin(), order.begin() + static_cast<int64_t>(top),
                                             [&](size_t id) { return known.contains(id); }));
  }
};

TEST(Screen, RecoversALineAndItsNoise) {
  const World world(5000, 0.004, 1);
  const auto screen = world.screen();
  double squares = 0;
  for (size_t id = 0; id < world.truth.size(); ++id) squares += std::pow(world.truth[id] - screen.predicted[id], 2);
  EXPECT_NEAR(std::sqrt(squares / 5000), 0.004, 0.0003);
  EXPECT_NEAR(screen.residual_sd, 0.004, 0.0006);
  EXPECT_NEAR(screen.residual_quantile(0.975) - screen.residual_quantile(0.025), 2 * 1.96 * 0.004, 0.002);
  EXPECT_EQ(screen.residuals.size(), world.audit.size());
}

TEST(Screen, FindsTheExtremesForAFractionOfTheWork) {
  size_t found = 0, refined = 0;
  double missed = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    const World world(20'000, 0.004, seed);
    const auto refinement = choose_refined(world.screen(), world.audit, world.audit_score, {100, 4});
    found += world.found(refinement, 100, true) + world.found(refinement, 100, false);
    refined += refinement.ids.size();
    missed += refinement.top.expected_misses + refinement.bottom.expected_misses;
    for (const size_t id : refinement.ids) EXPECT_FALSE(std::binary_search(world.audit.begin(), world.audit.end(), id));
  }
  EXPECT_GE(found, 990U);       // of 1,000
  EXPECT_LT(refined, 10'000U);  // of 100,000
  EXPECT_LE(missed, 5.0);
}

TEST(Screen, APilotThatKnowsNothingRefinesAlmostEverything) {
  World world(4000, 0.05, 7);
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  for (auto& row : world.features) row = {normal(random)};
  const auto refinement = choose_refined(world.screen(), world.audit, world.audit_score, {40, 4});
  EXPECT_GT(refinement.ids.size(), 3000U);
}

TEST(Screen, CorrectsTheSpreadAndTheHistogram) {
  const World world(20'000, 0.03, 3, 1000);
  const auto screen = world.screen();
  std::vector<double> exact(world.truth.size(), std::nan(""));
  for (size_t i = 0; i < world.audit.size(); ++i) exact[world.audit[i]] = world.audit_score[i];
  const auto spread = corrected_spread(screen, exact);
  const double mean = std::accumulate(world.truth.begin(), world.truth.end(), 0.0) / 20'000;
  double squares = 0;
  for (const double score : world.truth) squares += (score - mean) * (score - mean);
  const double sd = std::sqrt(squares / 20'000);
  EXPECT_NEAR(spread.mean, mean, 0.003);
  EXPECT_NEAR(spread.sd / sd, 1, 0.04);
  EXPECT_LT(spread.sd_of_predictions / sd, 0.85);

  std::vector<double> edges;
  for (int i = 0; i <= 20; ++i) edges.push_back(0.3 + 0.02 * i);
  const auto counts = corrected_counts(screen, exact, edges);
  EXPECT_NEAR(std::accumulate(counts.begin(), counts.end(), 0.0), 20'000, 1e-3);
  for (int bin = 5; bin < 15; ++bin) {
    const auto in_bin = std::count_if(world.truth.begin(), world.truth.end(),
                                      [&](double x) { return x >= edges[bin] && x < edges[bin + 1]; });
    EXPECT_NEAR(counts[bin], static_cast<double>(in_bin), 0.12 * 3000) << bin;
  }
}

TEST(Screen, WantsAnAudit) {
  const World world(100, 0.01, 1, 19);
  EXPECT_THROW(world.screen(), std::logic_error);
}

}  // namespace
}  // namespace sinkscope::measure
