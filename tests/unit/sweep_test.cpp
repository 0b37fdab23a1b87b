// What a sweep over the vocabulary plans, keeps and finds, from plans and tables made by hand.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "experiments/vocab_sweep/plan.h"
#include "experiments/vocab_sweep/screened.h"
#include "experiments/vocab_sweep/summary.h"
#include "experiments/vocab_sweep/table.h"
#include "experiments/vocab_sweep/work.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;
using tests::expect_input_error;

/// Ids that are not their own indices.
std::vector<int64_t> some_ids(int64_t count) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(5 + 3 * i);
  return ids;
}

Plan plan_of(int64_t ids, int64_t ids_per_unit) {
  return {.ids = some_ids(ids), .samples = 4, .length = 32, .ids_per_unit = ids_per_unit};
}

Plan screening(int64_t ids, int64_t ids_per_unit) {
  auto plan = plan_of(ids, ids_per_unit);
  plan.screens = true;
  plan.pilot_samples = 2;
  plan.pilot_length = 8;
  plan.audit = std::min<int64_t>(ids, 40);
  plan.top = 1;
  return plan;
}

/// All units' ids, in order.
std::vector<int64_t> ids_of_units(const Pass& pass, int64_t first, int64_t last) {
  std::vector<int64_t> ids;
  for (int64_t unit = first; unit < last; ++unit) {
    const auto more = pass.unit(unit);
    EXPECT_GE(more.size(), 1u);
    EXPECT_LE(static_cast<int64_t>(more.size()), pass.ids_per_unit);
    EXPECT_EQ(pass.tokens(unit), static_cast<int64_t>(more.size()) * pass.samples * pass.length);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

TEST(SweepPlan, UnitsOfAPassCoverEveryIdOnce) {
  for (const int64_t ids : {1, 2, 7, 64, 65, 1000}) {
    for (const int64_t ids_per_unit : {1, 3, 64, 2000}) {
      std::set<int64_t> keys;
      for (const auto& plan : {plan_of(ids, ids_per_unit), screening(ids, ids_per_unit)}) {
        for (const auto& pass : first_passes(plan)) {
          EXPECT_EQ(ids_of_units(pass, 0, pass.units()), pass.ids);
          if (pass.of != PassOf::audit) {
            EXPECT_EQ(pass.ids, plan.ids);
          }
          for (int64_t unit = 0; unit < pass.units(); ++unit) {
            EXPECT_TRUE(keys.insert(pass.key(unit)).second) << "two units of one key in a journal";
          }
        }
      }
    }
  }
}

TEST(SweepPlan, TheAuditIsDrawnFromTheIdsByTheSeedAlone) {
  auto plan = screening(1000, 64);
  const auto set = audit_set(plan);
  EXPECT_EQ(set.size(), 40u);
  EXPECT_TRUE(std::is_sorted(set.begin(), set.end()));
  EXPECT_EQ(std::set<size_t>(set.begin(), set.end()).size(), 40u);
  EXPECT_LT(set.back(), 1000u);
  EXPECT_EQ(first_passes(plan)[1].ids, ids_at(plan, set));
  plan.ids_per_unit = 7;
  EXPECT_EQ(audit_set(plan), set);
  plan.seed = 1;
  EXPECT_NE(audit_set(plan), set);
}

TEST(SweepPlan, ComesBackFromJsonAndRefusesOtherIds) {
  const auto plan = screening(50, 8);
  const auto back = plan_from_json(to_json(plan), plan.ids);
  EXPECT_EQ(to_json(back), to_json(plan));
  EXPECT_EQ(back.ids, plan.ids);
  auto others = plan.ids;
  std::swap(others[0], others[1]);
  expect_input_error([&] { plan_from_json(to_json(plan), others); }, {"50 ids"});
}

TEST(SweepWork, SharesOfAnyNumberOfShardsAreDisjointAndComplete) {
  for (const auto& plan : {plan_of(1000, 64), screening(1000, 3), plan_of(2, 1)}) {
    const auto passes = first_passes(plan);
    for (const int64_t count : {1, 2, 3, 7, 50}) {  // more shards than units, too
      std::vector<std::vector<int64_t>> ids(passes.size());
      for (int64_t index = 0; index < count; ++index) {
        const auto list = shares(passes, {index, count});
        ASSERT_EQ(list.size(), passes.size());
        for (size_t i = 0; i < list.size(); ++i) {
          const auto mine = ids_of_units(list[i].pass, list[i].first, list[i].last);
          ids[i].insert(ids[i].end(), mine.begin(), mine.end());
        }
      }
      for (size_t i = 0; i < passes.size(); ++i) EXPECT_EQ(ids[i], passes[i].ids) << count << " shards";
    }
  }
}

TEST(SweepTable, BytesRoundTripWithEveryBit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Table table{{"score", at::tensor({1.0, nan, -0.0, 1e-300}, at::kDouble).view({2, 2})},
                    {"by_head", at::arange(12, at::kFloat).view({2, 3, 2}).to(at::kHalf).transpose(1, 2)},
                    {"batch_size", at::tensor({8, 4}, at::kLong)},
                    {"zero_rows", at::empty({0, 3}, at::kFloat)}};
  const auto back = from_bytes(to_bytes(table));
  ASSERT_EQ(back.size(), table.size());
  for (const auto& [name, x] : table) {
    const auto& y = back.at(name);
    EXPECT_EQ(y.scalar_type(), x.scalar_type()) << name;
    ASSERT_EQ(y.sizes(), x.sizes()) << name;
    if (x.nbytes() > 0) {
      EXPECT_EQ(std::memcmp(x.contiguous().const_data_ptr(), y.const_data_ptr(), x.nbytes()), 0) << name;
    }
  }
  EXPECT_EQ(to_bytes(back), to_bytes(table));
}

TEST(SweepTable, RefusesDamage) {
  const auto bytes = to_bytes({{"score", at::ones({2, 3}, at::kDouble)}});
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_THROW(from_bytes(bytes.substr(0, length)), std::runtime_error) << length;
  }
  EXPECT_THROW(from_bytes(bytes + "x"), std::runtime_error);
  const size_t type = sizeof(size_t) + 5, dims = type + sizeof(at::ScalarType), first = dims + sizeof(int64_t);
  const auto with = [&](size_t place, int64_t value, size_t width) {
    auto damaged = bytes;
    std::memcpy(damaged.data() + place, &value, width);
    return damaged;
  };
  EXPECT_EQ(from_bytes(with(first, 2, 8)).at("score").size(0), 2) << "the place of the first size";
  EXPECT_THROW(from_bytes(with(type, 119, 1)), std::runtime_error);
  for (const int64_t bad : {int64_t{-1}, int64_t{3}, int64_t{1} << 40, int64_t{1} << 62}) {
    EXPECT_THROW(from_bytes(with(first, bad, 8)), std::runtime_error) << bad;
    EXPECT_THROW(from_bytes(with(dims, bad, 8)), std::runtime_error) << bad;
    EXPECT_THROW(from_bytes(with(0, bad, 8)), std::runtime_error) << "a name of " << bad << " bytes";
  }
}

TEST(SweepTable, JoinsRowsInOrder) {
  const auto all = joined({{{"score", at::full({2, 3}, 1.0)}}, {{"score", at::full({1, 3}, 2.0)}}});
  EXPECT_TRUE(at::equal(all.at("score").select(1, 0), at::tensor({1.0, 1.0, 2.0})));
}

TEST(SweepSummary, HistogramEdgesReachFromTheLeastToTheLargest) {
  const std::vector<double> scores{0.25, 0.5, -1, 2, 0};
  const auto edges = histogram_edges(scores);
  EXPECT_DOUBLE_EQ(edges.front(), -1);
  EXPECT_DOUBLE_EQ(edges.back(), 2);
  for (size_t i = 1; i < edges.size(); ++i) EXPECT_NEAR(edges[i] - edges[i - 1], edges[1] - edges[0], 1e-12);
  const auto equal = histogram_edges({0.5, 0.5});
  EXPECT_LE(equal.front(), 0.5);
  EXPECT_GT(equal.back(), 0.5) << "bins have a width where all scores are equal";
}

TEST(SweepSummary, EveryScoreIsCountedInItsBin) {
  Scores sweep;
  for (int i = 0; i < 1000; ++i) sweep.score.push_back(std::sin(i));
  sweep.ids = some_ids(1000);
  sweep.spread.assign(1000, 0.0);
  sweep.by_layer = at::zeros({1000, 2}, at::kDouble);
  const auto found = summarize_sweep(sweep, {})["histogram"];
  const std::vector<double> edges = found["edges"], counts = found["counts"];
  ASSERT_EQ(edges.size(), counts.size() + 1);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0.0), 1000);
  for (const size_t bin : {size_t{0}, counts.size() / 2, counts.size() - 1}) {
    const auto inside = std::count_if(sweep.score.begin(), sweep.score.end(), [&](double s) {
      return s >= edges[bin] && (s < edges[bin + 1] || bin + 1 == counts.size());
    });
    EXPECT_EQ(counts[bin], static_cast<double>(inside)) << bin;
  }
}

/// A screen of 1,000 ids whose pilot tells the full score up to 0.001, with some ids far out.
Measured screened(const std::vector<std::pair<size_t, double>>& planted) {
  Measured m;
  m.plan = screening(1000, 64);
  m.plan.audit = 100;
  std::vector<double> score;
  for (int i = 0; i < 1000; ++i) score.push_back(0.5 + 0.01 * std::sin(1.7 * i));
  for (const auto& [index, value] : planted) score[index] = value;
  const auto full = at::tensor(score, at::kDouble);
  const auto noise = 0.001 * at::arange(1000, at::kDouble).mul(2.3).sin();
  const auto pilot = (full + noise).unsqueeze(1);
  m.tables[PassOf::pilot] = {{"score", pilot.expand({1000, 2}).contiguous()}, {"by_layer", pilot.expand({1000, 3})}};
  std::vector<int64_t> audit;
  for (const size_t i : audit_set(m.plan)) audit.push_back(static_cast<int64_t>(i));
  m.tables[PassOf::audit] = {{"score", full.index_select(0, at::tensor(audit, at::kLong)).unsqueeze(1)}};
  return m;
}

TEST(SweepScreen, RefinesTheIdsThatWerePlantedFarOutAndNoneOfTheAudit) {
  const auto set = audit_set(screened({}).plan);
  std::vector<std::pair<size_t, double>> planted;
  std::vector<int64_t> expected;
  for (size_t i = 0; planted.size() < 3; ++i) {
    if (std::find(set.begin(), set.end(), i) != set.end()) continue;
    planted.push_back({i, planted.size() == 1 ? 0.2 : 0.8});
    expected.push_back(some_ids(1000)[i]);
  }
  const auto m = screened(planted);
  const auto ids = ids_to_refine(m);
  for (const int64_t id : expected) EXPECT_NE(std::find(ids.begin(), ids.end(), id), ids.end()) << id;
  EXPECT_LT(ids.size(), 200u) << "a pilot that tells the score leaves few ids in doubt";
  for (const int64_t id : ids_at(m.plan, set)) EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 0) << id;
  EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), ids.size());
}

TEST(SweepScreen, ALowerOutlierZAsksForMoreIds) {
  auto m = screened({});
  std::vector<size_t> found;
  for (const double z : {8.0, 1.0}) {
    m.plan.outlier_z = z;
    found.push_back(ids_to_refine(m).size());
  }
  EXPECT_LT(found[0], 100u);
  EXPECT_GT(found[1], found[0] + 100) << "about a third of the ids is beyond one standard deviation";
}

}  // namespace
}  // namespace sinkscope::experiments::sweep
