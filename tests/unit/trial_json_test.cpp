#include "sinkscope/intervene/trial_json.h"

#include <nlohmann/json.hpp>

#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace intervene;
using nlohmann::json;

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

TEST(TrialJson, ABasisIsWrittenRowByRowAsUnitVectors) {
  const std::vector<std::vector<double>> rows{{3, 4, 0}, {0, 0, 2}};
  auto config = tiny_config();
  config.d_model = 3;
  const json edit{{"site", "hook_embed"}, {"tokens", 0}, {"operation", "project_out"}, {"basis", rows}};
  const auto trial = parse_trials({{{"name", "a"}, {"edits", {edit}}}}, {}, config, 12).at(0);
  const auto written = to_json(trial)["edits"][0]["basis"].get<std::vector<std::vector<double>>>();
  ASSERT_EQ(written.size(), 2);
  const double sign = written[0][0] < 0 ? -1 : 1, other = written[1][2] < 0 ? -1 : 1;
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(sign * written[0][i], rows[0][i] / 5, 1e-6);
    EXPECT_NEAR(other * written[1][i], rows[1][i] / 2, 1e-6);
  }
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
