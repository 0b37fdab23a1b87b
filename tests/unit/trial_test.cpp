#include "sinkscope/intervene/trial.h"

#include <nlohmann/json.hpp>

#include "sinkscope/intervene/trial_json.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace intervene;
using model::Point;
using model::Taps;
using nlohmann::json;

at::Tensor numbers() {
  return at::arange(24, at::kFloat).view({2, 3, 4});
}

Edit at_token_1(Operation operation) {
  return {.tokens = {1}, .operation = operation};
}

Edit with_values(Operation operation, std::vector<int64_t> dimensions, std::vector<double> values, double dose = 1) {
  auto edit = at_token_1(operation);
  edit.dimensions = std::move(dimensions);
  edit.values = std::move(values);
  edit.dose = dose;
  return edit;
}

Edit along(Operation operation, const at::Tensor& basis) {
  auto edit = at_token_1(operation);
  edit.basis = basis;
  return edit;
}

Edit from_rows(Operation operation) {
  auto edit = at_token_1(operation);
  edit.from = Source{};
  return edit;
}

/// Row 1 of a sample after the edit; `source` [n or 1, 1, 4].
at::Tensor edited(const Edit& edit, int64_t sample = 0, const at::Tensor& source = {}) {
  return bind(edit, source)(numbers())[sample][1];
}

TEST(TrialEdits, ChangeOnlyWhatTheyNameAndNeverTheirInput) {
  const auto x = numbers(), rows = at::zeros({2, 1, 4});
  const std::vector<std::pair<const char*, Taps::Edit>> edits = {
      {"zero", bind(at_token_1(Operation::zero), {})},
      {"set", bind(with_values(Operation::set, {0, 3}, {5, 6}), {})},
      {"add", bind(with_values(Operation::add, {}, {1, 1, 1, 1}, 2), {})},
      {"scale", bind(with_values(Operation::scale, {}, {}, -1), {})},
      {"project", bind(along(Operation::project_out, at::eye(4).slice(0, 0, 1)), {})},
      {"mean", bind(from_rows(Operation::mean), at::zeros({1, 1, 4}))},
      {"resample", bind(from_rows(Operation::resample), rows)},
      {"match_norm", bind(from_rows(Operation::match_norm), rows)},
      {"rotate", bind(at_token_1(Operation::rotate), {})},
      {"copy", bind(from_rows(Operation::copy), rows)}};
  for (const auto& [name, edit] : edits) {
    const auto y = edit(x);
    EXPECT_TRUE(at::equal(x, numbers())) << name;
    EXPECT_TRUE(at::equal(y.select(1, 0), x.select(1, 0))) << name;
    EXPECT_TRUE(at::equal(y.select(1, 2), x.select(1, 2))) << name;
    EXPECT_FALSE(at::equal(y.select(1, 1), x.select(1, 1))) << name;
  }
}

TEST(TrialEdits, ValuesByHand) {  // row 1 of sample 0: 4 5 6 7
  EXPECT_TRUE(at::equal(edited(with_values(Operation::set, {0, 3}, {50, 60})), at::tensor({50.f, 5.f, 6.f, 60.f})));
  EXPECT_TRUE(
      at::equal(edited(with_values(Operation::set, {0, 3}, {50, 60}, 0.5)), at::tensor({27.f, 5.f, 6.f, 33.5f})));
  EXPECT_TRUE(at::equal(edited(with_values(Operation::add, {}, {1, 0, 0, 0}, 3)), at::tensor({7.f, 5.f, 6.f, 7.f})));
  EXPECT_TRUE(at::equal(edited(with_values(Operation::scale, {}, {}, 0.5)), at::tensor({2.f, 2.5f, 3.f, 3.5f})));
  const auto basis = at::tensor({0.6f, 0.8f, 0.f, 0.f}).view({1, 4});  // (4, 5) . basis = 6.4
  EXPECT_LE(
      largest_difference(edited(along(Operation::project_out, basis)), at::tensor({4 - 3.84f, 5 - 5.12f, 6.f, 7.f})),
      1e-6);
  auto set_along = along(Operation::set, basis);
  set_along.values = {1.4};  // 5 less than it was
  EXPECT_LE(largest_difference(edited(set_along), at::tensor({1.f, 1.f, 6.f, 7.f})), 1e-6);
  const auto source = numbers().slice(1, 2, 3) * 10;
  EXPECT_TRUE(at::equal(edited(from_rows(Operation::copy), 1, source), numbers()[1][2] * 10));
  const auto long_rows = at::full({1, 1, 4}, 2 * std::sqrt(126.0) / 2);  // ‖4 5 6 7‖² = 126
  EXPECT_LE(
      largest_difference(edited(from_rows(Operation::match_norm), 0, long_rows), at::tensor({8.f, 10.f, 12.f, 14.f})),
      1e-5);
}

TEST(TrialEdits, RotateKeepsNormsAndAngles) {
  const auto y = bind(at_token_1(Operation::rotate), {})(numbers()).select(1, 1), x = numbers().select(1, 1);
  EXPECT_LE(largest_difference(at::matmul(y, y.t()), at::matmul(x, x.t())), 1e-4);
}

TEST(TrialEdits, AllButEditsTheOthers) {
  Edit edit{.tokens = {1}, .all_but = true};
  EXPECT_EQ(edited_tokens(edit, 4), (std::vector<int64_t>{0, 2, 3}));
  const auto y = bind(edit, {})(numbers());
  EXPECT_TRUE(at::equal(y.select(1, 1), numbers().select(1, 1)));
  EXPECT_EQ(y.select(1, 0).abs().max().item<double>(), 0);
}

TEST(TrialEdits, ARandomMoveIsAsLongAsTheEditWithTheGainFoldedIn) {
  const auto rows = at::randn({5, 1, 64}), gain = at::rand({64}) + 0.2;
  for (const std::vector<int64_t>& dimensions : {std::vector<int64_t>{}, std::vector<int64_t>{3, 40}}) {
    const auto edit = with_values(Operation::set, dimensions, {9});
    const auto after = changed(edit, rows, {});
    const auto wanted = ((after - rows) * gain).norm(2, -1);
    at::Tensor first;
    for (const uint64_t seed : {1, 2, 3}) {
      const auto moved = random_move(edit, gain, {}, seed)(rows, after) - rows;
      EXPECT_LE(largest_difference((moved * gain).norm(2, -1), wanted), 1e-4 * wanted.max().item<double>());
      if (!dimensions.empty()) {
        EXPECT_EQ((moved[0][0] != 0).sum().item<int64_t>(), 2);
        for (const int64_t d : dimensions) EXPECT_EQ(moved[0][0][d].item<double>(), 0);
      }
      EXPECT_FALSE(first.defined() && at::equal(first, moved));
      first = moved;
    }
  }
}

TEST(TrialEdits, ARandomMoveAlongABasisStaysWithinWhatNaturalRowsMove) {
  auto natural = at::randn({30, 64});
  natural.select(1, 7).fill_(5);  // never moves
  const auto rows = natural.unsqueeze(1).slice(0, 0, 4);
  Edit edit{.operation = Operation::project_out, .basis = at::eye(64).slice(0, 0, 1)};
  const auto after = changed(edit, rows, {});
  for (const uint64_t seed : {1, 2, 3}) {
    const auto moved = random_move(edit, {}, natural, seed)(rows, after) - rows;
    EXPECT_LE(largest_difference(moved.norm(2, -1), (after - rows).norm(2, -1)), 1e-4);
    EXPECT_LE(moved.select(2, 7).abs().max().item<double>(), 1e-5);
    EXPECT_GE((moved.abs() > 1e-6).sum().item<int64_t>(), 4 * 60);  // along no axis
  }
}

void refuse(const json& edit, std::initializer_list<std::string> parts) {
  json whole{{"site", "blocks.1.hook_mlp_out"}, {"tokens", 0}, {"operation", "zero"}};
  whole.update(edit);
  const json list{{{"name", "mine"}, {"edits", {whole}}}};
  expect_input_error(
      [&] {
        parse_trials(list, {{"alone", parse_condition("layers=0;tokens=2")}}, tiny_config(), 3);
      },
      parts);
}

TEST(Trials, WhatDoesNotExistIsRefusedByName) {
  refuse({{"tokens", 3}}, {"trial 'mine', edit 0", "token 3", "0 to 2"});
  refuse({{"dimensions", 40}}, {"dimension 40", "0 to 39"});
  refuse({{"operation", "project_out"}, {"basis", {1, 0, 0}}}, {"basis", "40"});
  refuse({{"operation", "copy"}, {"from", {{"tokens", 9}}}}, {"source token 9"});
  refuse({{"site", "blocks.7.hook_mlp_out"}}, {"layer 7", "0 to 2"});
  refuse({{"site", "blocks.1.hook_mlp_ouf"}}, {"hook_mlp_ouf", "blocks.1.hook_mlp_out"});
  refuse({{"heads", 1}}, {"has no heads"});
  refuse({{"site", "blocks.1.attn.hook_z"}, {"heads", 6}}, {"head 6", "0 to 5"});
  refuse({{"site", "blocks.1.mlp.hook_post"}, {"neurons", 56}}, {"neuron 56", "0 to 55"});
  refuse({{"neurons", 1}}, {"has no neurons"});
  refuse({{"operation", "copy"}, {"from", {{"run", "other"}}}}, {"run 'other'", "not asked for", "unedited, alone"});
  refuse({{"operation", "copi"}}, {"copi", "'copy'"});
  refuse({{"dos", 1}}, {"'dos'", "'dose'"});
  refuse({{"dose", 0}}, {"dose 0", "changes nothing"});
  refuse({{"dose", {1, 5}}}, {"dose", "expected a number", "[1,5]"});
  refuse({{"operation", "copy"}, {"from", {{"tokens", 0}}}}, {"copy", "what it has"});
  refuse({{"operation", "match_norm"}}, {"match_norm", "what it has"});
  refuse({{"operation", "add"}, {"values", 0}}, {"add", "changes nothing"});
  refuse({{"site", "blocks.*.hook_nothing"}}, {"hook_nothing"});
  refuse({{"all_but", "0-2"}}, {"one of tokens and all_but"});
  refuse({{"operation", "set"}}, {"set needs 'values'"});
  refuse({{"operation", "set"}, {"dimensions", {1, 2}}, {"values", {1, 2, 3}}}, {"3 values for 2"});
  refuse({{"dimensions", {1, 1}}}, {"listed twice"});
  refuse({{"site", "blocks.1.attn.hook_pattern"}}, {"cannot be edited"});
  refuse({{"operation", "project_out"}, {"basis", json::array({json::array({1.0, 0.0}), json::array({2.0, 0.0})})}},
         {"do not span"});
}

TEST(Trials, AListIsCheckedAsAWhole) {
  const json zero{{"site", "hook_embed"}, {"tokens", 0}, {"operation", "zero"}};
  const auto parse = [](const json& list) { return parse_trials(list, {}, tiny_config(), 3); };
  expect_input_error([&] { parse(json::array()); }, {"not empty"});
  expect_input_error([&] { parse({{{"name", "a"}}}); }, {"'a'", "changes nothing"});
  expect_input_error(
      [&] {
        parse({{{"name", "a"}, {"edits", {zero}}}, {{"name", "a"}, {"edits", {zero}}}});
      },
      {"'a'", "listed twice"});
  expect_input_error(
      [&] {
        parse({{{"name", "a"}, {"edits", {zero}}, {"interaction_of", {"b", "c"}}}});
      },
      {"no earlier trial is named 'b'"});
  expect_input_error([&] { parse({{{"name", "a"}, {"attention", "layers=9;tokens=1"}}}); }, {"'a'", "layer 9"});
  expect_input_error([&] { parse({{{"name", "a"}, {"edits", zero}}}); }, {"'a'", "edits", "expected a list"});
  json joined{{{"name", "a"}, {"edits", {zero}}}, {{"name", "b"}, {"attention", "layers=1;tokens=1"}}};
  joined.push_back({{"name", "ab"}, {"edits", {zero}}, {"interaction_of", {"a", "b"}}});
  expect_input_error([&] { parse(joined); }, {"'ab'", "edits and conditions of both"});
  joined.back()["attention"] = "layers=1;tokens=1";
  EXPECT_EQ(parse(joined).size(), 3);
  const auto back = parse({{{"name", "a"}, {"edits", {zero}}}});
  EXPECT_EQ(to_json(back[0])["edits"][0]["site"], "hook_embed");
}

/// Everything that a pass which begins at a kept place gives is, bit by bit, what the whole pass gives.
TEST(Kept, APassThatGoesOnGivesTheSameBits) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 11);
  const int64_t last = m.config().n_layers - 1;
  for (const auto& site : model::all_sites(m.config())) {
    const auto start = model::start_of(site, m.config());
    model::Kept kept({start});
    at::Tensor whole, whole_columns, rest, rest_columns;
    Taps taps(m.config()), more(m.config());
    kept.attach(taps);
    for (auto [to, values, columns] :
         {std::tuple(&taps, &whole, &whole_columns), std::tuple(&more, &rest, &rest_columns)}) {
      to->read({Point::logits}, [values = values](const at::Tensor& x) { *values = x.clone(); });
      to->columns(last, {0, 3}, [columns = columns](const at::Tensor& x) { *columns = x.clone(); });
    }
    bool reached = false;
    more.read(site, [&](const at::Tensor&) { reached = true; });
    m.forward(ids, taps);
    m.resume(kept.at(start), more);
    EXPECT_TRUE(reached) << model::name(site);
    EXPECT_TRUE(at::equal(whole, rest)) << model::name(site);
    if (start.layer < last || start.point == Point::resid_pre) {
      EXPECT_TRUE(at::equal(whole_columns, rest_columns)) << model::name(site);
    }
  }
}

TEST(Kept, AnEditOfWhatOneReaderSeesLeavesTheResidual) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 9);
  for (const auto& [reader, own, stays] : {std::tuple(Point::attn_in, Point::attn_out, Point::resid_pre),
                                           std::tuple(Point::mlp_in, Point::mlp_out, Point::resid_mid)}) {
    Taps taps(m.config());
    taps.edit({reader, 1}, bind({.tokens = {4}}, {}));
    EXPECT_FALSE(at::equal(read_site(m, ids, {own, 1}, taps), read_site(m, ids, {own, 1})));
    at::Tensor residual;
    taps.read({stays, 1}, [&](const at::Tensor& x) { residual = x.clone(); });
    const auto after = read_site(m, ids, {reader == Point::attn_in ? Point::resid_mid : Point::resid_post, 1}, taps);
    EXPECT_TRUE(at::equal(residual, read_site(m, ids, {stays, 1})));
    EXPECT_TRUE(at::equal(after, residual + read_site(m, ids, {own, 1}, taps)));
  }
}

TEST(TrialJson, ARoleComesBackAndAWrongOneIsRefusedByName) {
  for (const auto role : {Role::edit, Role::removal, Role::writing, Role::copy, Role::clamp, Role::control}) {
    EXPECT_EQ(parse_role(name(role), ""), role);
    const json list{{{"name", "a"},
                     {"role", name(role)},
                     {"about", {{"set", 3}}},
                     {"edits", {{{"site", "blocks.0.hook_mlp_out"}, {"tokens", 0}, {"operation", "zero"}}}}}};
    const auto trial = parse_trials(list, {}, tiny_config(), 12).at(0);
    EXPECT_EQ(trial.role, role);
    EXPECT_EQ(trial.about, (json{{"set", 3}}));
    EXPECT_EQ(to_json(trial).at("role"), name(role));
    EXPECT_EQ(to_json(trial).at("about"), (json{{"set", 3}}));
  }
  expect_input_error([] { parse_role("removing", "trial 'a'"); }, {"trial 'a'", "'removing'", "'removal'"});
  const json conditions{{{"name", "alone"}, {"attention", "tokens=8;layers=0-1"}}};
  const auto alone = parse_trials(conditions, {}, tiny_config(), 12).at(0);
  EXPECT_EQ(alone.role, Role::condition);
  EXPECT_EQ(to_json(alone).at("attention"), "layers=0-1;tokens=8");
}

TEST(Conditions, AreReadFromWhatTheyArePrintedAs) {
  for (const char* text : {"tokens=8", "layers=0-1;tokens=1,4", "layers=2;tokens=all", "block=4>0,5>0",
                           "layers=0;tokens=3;block=4>0;allow=0>3;cut=10"}) {
    EXPECT_EQ(spell(parse_condition(text)), text);
  }
  EXPECT_EQ(spell(AttentionCondition()), "");
  EXPECT_EQ(spell(self_only({4}, {0, 1, 2})), "layers=0-2;tokens=4");
  EXPECT_EQ(spell(sees_only(3, {1, 3}, {0})), "layers=0;block=3>0,3>2");
  expect_input_error([] { parse_runs(json{{"a", "layer=0;tokens=1"}}); }, {"'layer'", "'layers'"});
  expect_input_error([] { parse_runs(json{{"unedited", "tokens=1"}}); }, {"'unedited'"});
}

TEST(Conditions, OfOneTokenThatSeesOnlyItselfAreMadeAtAnother) {
  const auto moved = at_other_token(parse_condition("layers=0-1;tokens=8"), 3);
  ASSERT_TRUE(moved);
  EXPECT_EQ(spell(*moved), "layers=0-1;tokens=3");
  for (const char* text : {"tokens=8,9", "tokens=all", "block=4>0", "tokens=8;cut=2"}) {
    EXPECT_FALSE(at_other_token(parse_condition(text), 3)) << text;
  }
}

}  // namespace
}  // namespace sinkscope::tests
