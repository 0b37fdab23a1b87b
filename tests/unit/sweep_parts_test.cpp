// A sweep in parts: how they are read and joined, and what a unit measures, on a tiny model.

#include <ATen/ATen.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/vocab_sweep/assemble.h"
#include "experiments/vocab_sweep/measure.h"
#include "experiments/vocab_sweep/part.h"
#include "experiments/vocab_sweep/plan.h"
#include "sinkscope/result/read_result.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;
using tests::expect_input_error;

/// Ten ids that are not their own indices, in units of 3.
Plan plan_of_ten() {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 10; ++i) ids.push_back(5 + 3 * i);
  return {.ids = ids, .samples = 4, .length = 32, .ids_per_unit = 3};
}

/// Shard i of n of that plan, without a file; `first` and `last` are units.
Part part_of(int64_t index, int64_t count, int64_t first, int64_t last) {
  const auto plan = plan_of_ten();
  const auto pass = first_passes(plan)[0];
  Part part;
  part.file = "part-" + std::to_string(index) + ".json";
  part.shard = {index, count};
  Part::Piece piece{first, last, pass.units(), {}, {}};
  for (int64_t unit = first; unit < last; ++unit) {
    for (const int64_t id : pass.unit(unit)) piece.ids.push_back(id);
  }
  piece.table["score"] = at::tensor(piece.ids, at::kDouble).unsqueeze(1);
  json pieces = json::array(), kinds = json::array();
  for (const int64_t id : piece.ids) {
    pieces.push_back("id " + std::to_string(id));
    kinds.push_back("word");
  }
  part.pieces[PassOf::full] = piece;
  part.result = {{"model", {{"path", "m"}, {"weights_sha256", "abc"}}},
                 {"tokenizer", nullptr},
                 {"data", {{"path", "text"}, {"samples", 4}}},
                 {"numerics", {{"device", "cuda:" + std::to_string(index)}}},
                 {"build", {{"version", "1"}}},
                 {"plan", to_json(plan)},
                 {"config", {{"out", "parts/part-{shard}.json"}, {"refine", ""}}},
                 {"command", "sinkscope vocab-sweep --model m --shard 0/9 --out x.json"},
                 {"results", {{"uniform", 0.1}, {"baseline", {1, 2}}, {"pieces", pieces}, {"kinds", kinds}}}};
  return part;
}

TEST(SweepAssemble, PartsInAnyOrderMakeTheWholeInTheOrderOfTheIds) {
  const auto m = assemble({part_of(2, 3, 3, 4), part_of(0, 3, 0, 1), part_of(1, 3, 1, 3)});
  EXPECT_EQ(m.plan.ids, plan_of_ten().ids);
  EXPECT_TRUE(
      at::equal(m.tables.at(PassOf::full).at("score").select(1, 0), at::tensor(plan_of_ten().ids, at::kDouble)));
  EXPECT_EQ(m.names.pieces[9], "id 32");
  EXPECT_EQ(m.baseline["uniform"], 0.1);
}

TEST(SweepAssemble, RefusesAnOverlapWithBothNames) {
  expect_input_error(
      [] {
        assemble({part_of(0, 2, 0, 3), part_of(1, 2, 2, 4)});
      },
      {"units 2 to 2 of pass 'full'", "part-0.json", "part-1.json"});
}

TEST(SweepAssemble, RefusesAGapWithTheCommandThatFillsIt) {
  expect_input_error(
      [] {
        assemble({part_of(0, 4, 0, 1), part_of(3, 4, 3, 4)});
      },
      {"units 1 to 2 of pass 'full'", "sinkscope vocab-sweep --model m --shard 1/4 --out", "parts/part-2.json"});
}

TEST(SweepAssemble, RefusesAnotherPlanOrMachineByName) {
  auto other = part_of(1, 2, 2, 4);
  other.result["plan"]["q_min"] = 7;
  expect_input_error(
      [&] {
        assemble({part_of(0, 2, 0, 2), other});
      },
      {"part-0.json", "part-1.json", "different runs", "sweep/q_min: 1", "7"});
  other = part_of(1, 2, 2, 4);
  other.result["results"]["baseline"] = {1, 3};
  expect_input_error([&] { assemble({part_of(0, 2, 0, 2), other}); }, {"part-0.json", "part-1.json", "baseline"});
}

TEST(SweepPart, RefusesAnotherSchemaVersionByName) {
  const auto file = std::filesystem::temp_directory_path() / ("sinkscope_part_" + std::to_string(getpid()) + ".json");
  auto document = part_of(0, 1, 0, 4).result;
  document["experiment"] = kPartExperiment;
  document["shard"] = "0/1";
  document["schema_version"] = result::kSchemaVersion + 1;
  std::ofstream(file) << document;
  expect_input_error([&] { read_part(file); },
                     {file.string(), "schema version " + std::to_string(result::kSchemaVersion + 1),
                      "reads version " + std::to_string(result::kSchemaVersion)});
  document["schema_version"] = result::kSchemaVersion;
  document["experiment"] = "scan";
  std::ofstream(file) << document;
  expect_input_error([&] { read_part(file); }, {file.string(), "a part of a vocab-sweep", "scan"});
  std::filesystem::remove(file);
}

/// A tiny model's sweep over ragged samples, with attention read from its matrix, one sample at a time.
class SweepMeasure : public testing::Test {
 protected:
  const std::vector<std::vector<int64_t>> samples_ = {{3, 1, 4, 1, 5, 9, 2, 6}, {5, 3, 5, 8, 9}, {7, 9, 3, 2, 3, 8}};
  app::Batches batches_ = app::cut_batches(samples_, 2);
  app::Session session_{tests::tiny_model(), "test", 1, /*quiet=*/true};

  /// mean_attention(at) by layer and head, of one sample with the id put there: [L, H].
  at::Tensor alone(int64_t sample, int64_t id, int64_t at, int64_t length = 100) {
    auto ids = samples_[sample];
    ids.resize(std::min<size_t>(ids.size(), length));
    ids[at] = id;
    std::vector<at::Tensor> layers;
    for (int64_t layer = 0; layer < 3; ++layer) {
      const auto pattern =
          tests::read_site(session_.model(), at::tensor(ids, at::kLong).unsqueeze(0), {model::Point::pattern, layer});
      layers.push_back(pattern[0].select(-1, at).slice(-1, at + 1).mean(-1));
    }
    return at::stack(layers).to(at::kDouble);
  }
};

TEST_F(SweepMeasure, AUnitsScoresAreThoseOfEveryIdInItsPlace) {
  for (const int64_t at : {0, 2}) {
    Plan plan{.ids = {40, 50, 60}, .at = at, .samples = 3, .length = batches_.longest, .ids_per_unit = 2};
    plan.per_head = "float32";
    const auto pass = first_passes(plan)[0];
    Measure measure(session_, batches_, plan);
    for (int64_t unit = 0; unit < pass.units(); ++unit) {
      const auto table = measure.unit(pass, unit);
      const auto ids = pass.unit(unit);
      for (size_t i = 0; i < ids.size(); ++i) {
        const auto row = static_cast<int64_t>(i);
        std::vector<at::Tensor> each;
        for (int64_t sample = 0; sample < 3; ++sample) {
          each.push_back(alone(sample, ids[i], at));
          EXPECT_NEAR(table.at("score")[row][sample].item<double>(), each.back().mean().item<double>(), 1e-6);
        }
        const auto mean = at::stack(each).mean(0);
        EXPECT_LT(tests::largest_difference(table.at("by_head")[row], mean), 1e-6);
        EXPECT_LT(tests::largest_difference(table.at("by_layer")[row], mean.mean(1)), 1e-6);
      }
      EXPECT_EQ(table.contains("first"), at > 0);
    }
  }
}

TEST_F(SweepMeasure, APilotTakesItsSamplesCutAndTheIdsOwnPath) {
  Plan plan{.ids = {40, 50, 60}, .samples = 3, .length = batches_.longest, .ids_per_unit = 3};
  plan.screens = true;
  plan.pilot_samples = 2;
  plan.pilot_length = 4;
  plan.audit = 3;
  const auto pass = first_passes(plan)[0];
  ASSERT_EQ(pass.of, PassOf::pilot);
  const auto table = Measure(session_, batches_, plan).unit(pass, 0);
  const auto chosen = pilot_samples(plan);
  for (int64_t row = 0; row < 3; ++row) {
    const auto id = plan.ids[row];
    for (int64_t i = 0; i < 2; ++i) {  // q_min is 3: the last of four rows
      auto ids = samples_[chosen[i]];
      ids.resize(4);
      ids[0] = id;
      double sum = 0;
      for (int64_t layer = 0; layer < 3; ++layer) {
        sum += tests::read_site(session_.model(), at::tensor(ids, at::kLong).unsqueeze(0),
                                {model::Point::pattern, layer})[0]
                   .select(-1, 0)
                   .select(-1, 3)
                   .mean()
                   .item<double>();
      }
      EXPECT_NEAR(table.at("score")[row][i].item<double>(), sum / 3, 1e-6);
    }
    double largest = 0, values = 0;  // of the id alone: token 0 sees nothing else
    const auto one = at::full({1, 1}, id, at::kLong);
    for (int64_t layer = 0; layer < 3; ++layer) {
      const auto residual = tests::read_site(session_.model(), one, {model::Point::resid_post, layer});
      largest = std::max(largest, residual.norm().item<double>());
      const auto v = tests::read_site(session_.model(), one, {model::Point::v, layer});
      values += std::log(v.norm(2, -1).mean().item<double>()) / 3;
    }
    EXPECT_NEAR(table.at("path")[row][0].item<double>(), std::log(largest), 1e-5);
    EXPECT_NEAR(table.at("path")[row][1].item<double>(), values, 1e-5);
  }
}

}  // namespace
}  // namespace sinkscope::experiments::sweep
