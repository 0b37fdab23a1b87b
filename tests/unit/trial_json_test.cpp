#include "sinkscope/intervene/trial_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/model/safetensors.h"
#include "tests/support/folder.h"
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
  refuse({{"operation", "project_out"}, {"basis", json::array({std::vector<int>(40, 1), std::vector<int>(40, 2)})}},
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

model::Config of_width(int64_t width) {
  auto config = tiny_config();
  config.d_model = width;
  return config;
}

Edit read_one(const json& edit, int64_t width, TensorFiles& files) {
  json whole{{"site", "hook_embed"}, {"tokens", 0}};
  whole.update(edit);
  return parse_trials({{{"name", "a"}, {"edits", {whole}}}}, {}, of_width(width), 12, files).at(0).edits.at(0);
}

TEST(TrialJson, ABasisIsWrittenRowByRowAsUnitVectorsOnTheirOwnSide) {
  const std::vector<std::vector<double>> rows{{3, 4, 0}, {0, 0, -2}};
  TensorFiles none;
  const auto edit = read_one({{"operation", "project_out"}, {"basis", rows}}, 3, none);
  EXPECT_LT(largest_difference(edit.basis, at::tensor({0.6F, 0.8F, 0.F, 0.F, 0.F, -1.F}).view({2, 3})), 1e-6);
  EXPECT_EQ(to_json(edit)["basis"].size(), 2);
}

/// Bits of a basis that orthonormal() would change again, and of numbers that no short decimal gives.
TEST(TrialJson, AListComesBackToTheLastBit) {
  const auto rows = at::tensor({0.1F, 0.7F, 0.70710677F, 0.8F, -0.5F, 1e-7F}).view({2, 3});
  const Runs runs{{"alone", parse_condition("layers=0;tokens=3")}};
  const model::Site site{model::Point::resid_mid, 1};
  const std::vector<Trial> list{
      {.name = "a",
       .role = Role::copy,
       .about = {{"part", "x"}, {"set", 1}},
       .edits = {{.site = site,
                  .tokens = {8},
                  .operation = Operation::copy,
                  .dose = 1.0 / 3,
                  .basis = rows,
                  .from = Source{.run = "alone", .site = site}}}},
      {.name = "b", .role = Role::condition, .attention = parse_condition("layers=0-1;tokens=3")},
      {.name = "c",
       .role = Role::writing,
       .edits = {{.site = site, .tokens = {8}, .operation = Operation::set, .values = {0.1, 1e300, -3}}},
       .random_controls = false}};
  json written = json::array();
  for (const auto& trial : list) written.push_back(to_json(trial));
  const auto back = read_back(json::parse(written.dump()), runs, of_width(3), 12);
  ASSERT_EQ(back.size(), list.size());
  for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(to_json(back[i]), written[i]);
  EXPECT_TRUE(at::equal(back[0].edits[0].basis, rows));
}

TEST(TrialJson, ASetAlongABasisPutsTheCoordinatesThere) {
  TensorFiles none;
  const json basis{{0, 3, 4}, {2, 0, 0}};
  const auto edit = read_one({{"operation", "set"}, {"basis", basis}, {"values", {5, -7}}}, 3, none);
  const auto x = at::tensor({1.F, 2.F, 3.F}).view({1, 1, 3});
  const auto after = bind(edit, {})(x).flatten();
  EXPECT_NEAR(after[0].item<double>(), -7, 1e-5);
  EXPECT_NEAR((0.6 * after[1] + 0.8 * after[2]).item<double>(), 5, 1e-5);
  EXPECT_NEAR((0.8 * after[1] - 0.6 * after[2]).item<double>(), 0.8 * 2 - 0.6 * 3, 1e-5);  // across it nothing moves
  expect_input_error(
      [&] {
        read_one({{"operation", "set"}, {"basis", {{1, 0, 0}, {1, 1, 0}}}, {"values", 1}}, 3, none);
      },
      {"edit 0: basis", "orthogonal", "0.707"});
}

/// A folder with one file of tensors, which edits of rows of four numbers name.
class TrialTensors : public testing::Test {
 protected:
  Folder folder_{"sinkscope_tensors"};
  TensorFiles files_{folder_ / ""};

  void SetUp() override {
    auto broken = at::ones({1, 4});
    broken[0][2] = std::numeric_limits<float>::quiet_NaN();
    model::write_safetensors(folder_ / "a.safetensors",
                             {{"basis", at::tensor({0.F, 0.F, 2.F, 0.F, 0.F, 5.F, 0.F, 0.F}).view({2, 4})},
                              {"row", at::ones({4}, at::kBFloat16)},
                              {"values", at::tensor({3.F, -4.F})},
                              {"whole", at::ones({1, 4}, at::kLong)},
                              {"broken", broken},
                              {"narrow", at::ones({1, 3})},
                              {"twice", at::ones({2, 4})},
                              {"deep", at::ones({1, 1, 4})},
                              {"none", at::ones({0, 4})}},
                             {});
  }
  static json at(const std::string& tensor, const std::string& file = "a.safetensors") {
    return {{"file", file}, {"tensor", tensor}};
  }
  void refused(const json& edit, std::initializer_list<std::string> parts) {
    json whole{{"operation", "set"}, {"values", 1}};
    whole.update(edit);
    expect_input_error([&] { read_one(whole, 4, files_); }, parts);
  }
};

TEST_F(TrialTensors, ABasisAndItsValuesAreThoseOfTheFile) {
  const auto edit = read_one({{"operation", "set"}, {"basis", at("basis")}, {"values", at("values")}}, 4, files_);
  EXPECT_TRUE(at::equal(edit.basis, at::tensor({0.F, 0.F, 1.F, 0.F, 0.F, 1.F, 0.F, 0.F}).view({2, 4})));
  EXPECT_EQ(edit.values, (std::vector<double>{3, -4}));
  const auto row = read_one({{"operation", "project_out"}, {"basis", at("row")}}, 4, files_);
  EXPECT_LT(largest_difference(row.basis, at::full({1, 4}, 0.5)), 1e-6);
  EXPECT_EQ(files_.paths(), std::vector<std::filesystem::path>{folder_ / "a.safetensors"});
  EXPECT_EQ(to_json(edit)["values"], (json{3.0, -4.0}));  // what was used, not where it came from
}

TEST_F(TrialTensors, WhatCannotBeUsedIsRefusedByName) {
  refused({{"basis", at("basis", "b.safetensors")}}, {"edit 0: basis", "b.safetensors", "cannot be read"});
  refused({{"basis", at("bases")}}, {"edit 0: basis", "a.safetensors", "'bases'", "nearest is 'basis'"});
  refused({{"basis", at("whole")}}, {"edit 0: basis", "'whole'", "expected floats", "I64"});
  refused({{"basis", at("broken")}}, {"edit 0: basis", "'broken'", "not finite"});
  refused({{"basis", at("narrow")}}, {"edit 0: basis", "\"narrow\"", "rows of 4 numbers", "found 3"});
  refused({{"basis", at("twice")}}, {"edit 0: basis", "\"twice\"", "2 rows that do not span"});
  refused({{"basis", at("deep")}}, {"edit 0: basis", "'deep'", "[1, 1, 4]"});
  refused({{"basis", at("none")}}, {"edit 0: basis", "'none'", "[0, 4]"});
  refused({{"basis", {{"file", "a.safetensors"}}}}, {"edit 0: basis", "'tensor'"});
  refused({{"basis", {{"file", "a.safetensors"}, {"tensro", "basis"}}}}, {"edit 0: basis", "'tensro'", "'tensor'"});
  refused({{"values", at("basis")}}, {"edit 0: values", "\"basis\"", "[2, 4]"});
  refused({{"basis", at("row")}, {"values", at("values")}}, {"edit 0", "2 values for 1"});
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
