#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/model/random_checkpoint.h"
#include "sinkscope/trials/runner.h"
#include "tests/support/tiny_model.h"
#include "tests/support/trial_run.h"

namespace sinkscope::tests {
namespace {

using intervene::Role;
using intervene::Trial;
using model::Point;
using nlohmann::json;
using trials::Outcome;

// ---- lists ----

TEST(Measured, AnOutcomeIsFoundByRoleAndByWhatTheTrialSaysOfItself) {
  const auto outcome = [](double level) { return Outcome{.attention = at::full({1, 1, 2}, level, at::kDouble)}; };
  const std::vector<trials::Measured> list{
      {{.name = "a", .role = Role::writing, .about = {{"candidate", 0}, {"set", 0}}}, outcome(1)},
      {{.name = "b", .role = Role::writing, .about = {{"candidate", 0}, {"set", 1}}}, outcome(2)},
      {{.name = "c", .role = Role::removal, .about = {{"candidate", 0}}}, outcome(3)}};
  const auto level = [&](Role role, const json& about) {
    return trials::outcome_of(list, role, about).sink(0).item<double>();
  };
  EXPECT_EQ(level(Role::writing, {{"set", 1}}), 2);
  EXPECT_EQ(level(Role::removal, json::object()), 3);
  EXPECT_THROW(level(Role::writing, {{"candidate", 0}}), std::logic_error);  // two
  EXPECT_THROW(level(Role::writing, {{"set", 2}}), std::logic_error);        // none
  EXPECT_THROW(level(Role::copy, json::object()), std::logic_error);
}

// ---- the split ----

text::Samples of_documents(std::vector<int64_t> documents) {
  text::Samples samples;
  samples.documents = std::move(documents);
  return samples;
}

TEST(SelectionSplit, PutsEveryDocumentOnOneSideAndIsSeeded) {
  const std::vector<int64_t> documents{0, 0, 1, 2, 2, 2, 3, 4, 5, 5};
  const auto sides = [&](uint64_t seed) {
    const auto split = trials::draw_split(of_documents(documents), seed);
    std::pair<std::set<int64_t>, std::set<int64_t>> of;
    for (int64_t i = 0; i < split.choosing.numel(); ++i) of.first.insert(split.choosing[i].item<int64_t>());
    for (int64_t i = 0; i < split.testing.numel(); ++i) of.second.insert(split.testing[i].item<int64_t>());
    return of;
  };
  const auto [choosing, testing] = sides(7);
  EXPECT_EQ(choosing.size() + testing.size(), documents.size());
  std::set<int64_t> chosen, tested;
  for (const int64_t sample : choosing) chosen.insert(documents[static_cast<size_t>(sample)]);
  for (const int64_t sample : testing) tested.insert(documents[static_cast<size_t>(sample)]);
  EXPECT_EQ(chosen.size(), 3U);
  EXPECT_EQ(tested.size(), 3U);
  for (const int64_t document : chosen) EXPECT_FALSE(tested.contains(document)) << document;
  EXPECT_EQ(sides(7), sides(7));
  bool differs = false;
  for (uint64_t seed = 8; seed < 18; ++seed) differs |= sides(seed) != sides(7);
  EXPECT_TRUE(differs);
  expect_input_error([] { trials::draw_split(of_documents({0, 1, 2, 2}), 0); }, {"3 documents"});
}

TEST(SelectionSplit, BothHalvesHaveHalfOfEveryText) {
  text::Samples samples;
  samples.texts.resize(2);
  samples.texts[1].name = "b.py";
  for (int64_t i = 0; i < 30; ++i) {  // five documents of each text
    samples.text_of.push_back(i % 2);
    samples.documents.push_back(i % 10);
  }
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto split = trials::draw_split(samples, seed);
    std::map<int64_t, std::set<int64_t>> chosen;
    for (int64_t i = 0; i < split.choosing.numel(); ++i) {
      const auto sample = static_cast<size_t>(split.choosing[i].item<int64_t>());
      chosen[samples.text_of[sample]].insert(samples.documents[sample]);
    }
    EXPECT_EQ(chosen[0].size(), 2U);
    EXPECT_EQ(chosen[1].size(), 3U);  // of an odd number the halves take the larger part in turns
    EXPECT_EQ(split.choosing.numel() + split.testing.numel(), 30);
  }
  samples.documents = std::vector<int64_t>(30, 0);
  for (size_t i = 0; i < 30; i += 2) samples.documents[i] = static_cast<int64_t>(i);
  expect_input_error([&] { trials::draw_split(samples, 0); }, {"1 documents of b.py", "4 or more"});
}

TEST(SelectionSplit, WhatChoseIsNoNumberInWhatTests) {
  const Outcome outcome{.attention = at::rand({2, 2, 2}, at::kDouble), .loss = at::tensor({1.0, 2.0}, at::kDouble)};
  const auto all = trials::spread(outcome, at::tensor({2, 0}, at::kLong), 3);
  EXPECT_TRUE(at::equal(all.loss.isnan(), at::tensor({0, 1, 0}, at::kLong).to(at::kBool)));
  EXPECT_EQ(all.loss[2].item<double>(), 1);
  EXPECT_EQ(all.loss[0].item<double>(), 2);
  EXPECT_TRUE(at::equal(all.attention[2], outcome.attention[0]));
  EXPECT_TRUE(all.attention[1].isnan().all().item<bool>());
  EXPECT_FALSE(all.frozen.defined());
}

// ---- outcomes ----

TEST(Outcome, ComesBackFromItsBytesAndJoinsBySample) {
  const Outcome a{.attention = at::rand({2, 3, 2}, at::kDouble), .no_op = at::zeros({1, 1}, at::kDouble)};
  const Outcome b{.attention = at::rand({1, 3, 2}, at::kDouble), .no_op = at::full({1, 1}, 0.5, at::kDouble)};
  const auto back = trials::from_bytes(trials::to_bytes(a));
  EXPECT_TRUE(at::equal(back.attention, a.attention));
  EXPECT_FALSE(back.loss.defined());
  const auto both = trials::joined({a, b});
  EXPECT_TRUE(at::equal(both.attention, at::cat({a.attention, b.attention})));
  EXPECT_EQ(both.no_op.item<double>(), 0.5);  // the larger
}

// ---- trials of a tiny random model, whose attention at layer 1 is read ----

constexpr int64_t kToken = 5, kLayer = 1, kLength = 12;

class TinyTrials : public testing::Test {
 protected:
  void SetUp() override {
    model::write_random_checkpoint(tiny_config(), 1, folder_ / "model");
    options_ = trial_options(folder_ / "model", folder_ / "out.json");
    options_.run.tokens = "random";
    options_.run.samples = 6;
    options_.run.length = kLength;
    options_.layer = kLayer;
    options_.other_token = 3;
  }

  /// Outcomes of trials, and of the unedited run.
  std::pair<std::vector<trials::Measured>, Outcome> measure(const std::vector<Trial>& list) {
    app::Run run(options_.run, command_);
    trials::Runner runner(run, options_, {.tracked = {0, kToken}, .edited = {0, kToken}, .runs = runs_});
    EXPECT_TRUE(runner.start());
    auto measured = runner.measure(list);
    return {std::move(measured), runner.unedited()};
  }

  Folder folder_{"tiny_trials"};
  CLI::App command_{"", "trials"};
  trials::Options options_;
  intervene::Runs runs_ = {{"all alone", intervene::all_self_only({})}};
};

TEST_F(TinyTrials, ConditionsWhoseAnswerIsKnown) {
  model::AttentionChange first_only;
  for (int64_t query = 1; query < kLength; ++query) {
    for (int64_t key = 1; key <= query; ++key) first_only.blocked.push_back({query, key});
  }
  const auto [measured, unedited] =
      measure({{.name = "the first alone", .role = Role::condition, .attention = intervene::self_only({0}, {})},
               {.name = "all alone", .role = Role::condition, .attention = intervene::all_self_only({kLayer})},
               {.name = "all see token 0", .role = Role::condition, .attention = {first_only, {kLayer}}}});
  // Token 0 sees only itself anyway; a row that sees only itself pays no other key; one that sees one key pays it all.
  EXPECT_LE(largest_difference(measured[0].outcome.attention, unedited.attention), 1e-6);
  EXPECT_EQ(measured[1].outcome.sink(0).abs().max().item<double>(), 0);
  EXPECT_LE((measured[2].outcome.sink(0) - 1).abs().max().item<double>(), 1e-6);
  EXPECT_GT(unedited.sink(0).min().item<double>(), 0.01);
  EXPECT_LT(unedited.sink(0).max().item<double>(), 0.99);
}

TEST_F(TinyTrials, AnEditAfterTheAttentionThatIsReadChangesNoneOfIt) {
  const auto zero = [](int64_t layer) {
    return intervene::Edit{.site = {Point::mlp_out, layer}, .tokens = {0}, .operation = intervene::Operation::zero};
  };
  const auto [measured, unedited] = measure({{.name = "after", .role = Role::removal, .edits = {zero(kLayer)}},
                                             {.name = "before", .role = Role::removal, .edits = {zero(kLayer - 1)}}});
  EXPECT_TRUE(at::equal(measured[0].outcome.sink(0), unedited.sink(0)));
  EXPECT_GT(largest_difference(measured[0].outcome.loss, unedited.loss), 0);
  EXPECT_GT(largest_difference(measured[1].outcome.sink(0), unedited.sink(0)), 0);
  EXPECT_EQ(measured[1].outcome.no_op.item<double>(), 0);  // the same path with edits that give back what they got
  EXPECT_EQ(measured[1].outcome.random.sizes(), at::IntArrayRef({6, 2, 3}));
}

TEST_F(TinyTrials, ACopyFromARunGivesWhatTheConditionGives) {
  const model::Site z{Point::z, 0};
  const intervene::Edit copy{.site = z,
                             .tokens = {kToken},
                             .operation = intervene::Operation::copy,
                             .from = intervene::Source{.run = "all alone", .site = z}};
  const auto [measured, unedited] =
      measure({{.name = "copied", .role = Role::copy, .edits = {copy}},
               {.name = "alone", .role = Role::condition, .attention = intervene::self_only({kToken}, {0})}});
  EXPECT_LE(largest_difference(measured[0].outcome.attention, measured[1].outcome.attention), 1e-5);
  EXPECT_GT(largest_difference(measured[0].outcome.attention, unedited.attention), 1e-3);
}

TEST_F(TinyTrials, TheJournalGivesAgainWhatWasMeasured) {
  const std::vector<Trial> list{
      {.name = "alone", .role = Role::condition, .attention = intervene::self_only({kToken}, {})}};
  const auto first = measure(list).first;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out.journal"));
  const auto again = measure(list).first;
  EXPECT_TRUE(at::equal(first[0].outcome.attention, again[0].outcome.attention));
}

TEST_F(TinyTrials, WhatCannotBeMeasuredIsRefusedByName) {
  const auto refused = [&](const Trial& trial, std::initializer_list<std::string> parts) {
    expect_input_error([&] { measure({trial}); }, parts);
  };
  refused({.name = "nothing"}, {"'nothing'", "changes nothing"});
  refused({.name = "late", .role = Role::removal, .edits = {{.site = {Point::logits}, .tokens = {0}}}},
          {"'late'", "logits"});
  refused({.name = "far", .role = Role::condition, .attention = intervene::self_only({kLength}, {})}, {"'far'"});
  refused({.name = "both",
           .role = Role::condition,
           .edits = {{.site = {Point::mlp_out, 0}, .tokens = {0}, .operation = intervene::Operation::zero}}},
          {"'both'", "expected no edits"});
  options_.layer = 9;
  refused({.name = "alone", .role = Role::condition, .attention = intervene::self_only({1}, {})},
          {"--layer", "3 layers"});
}

}  // namespace
}  // namespace sinkscope::tests
