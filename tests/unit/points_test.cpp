#include "sinkscope/model/points.h"

#include <algorithm>

#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace model;

TEST(Points, TheTableIsInTheEnumsOrder) {
  for (size_t i = 0; i < points().size(); ++i) EXPECT_EQ(static_cast<size_t>(points()[i].point), i);
  EXPECT_EQ(points().size(), static_cast<size_t>(Point::logits) + 1);
}

TEST(Points, NamesParseToThemselves) {
  const auto config = tiny_config();
  for (const auto& site : all_sites(config)) EXPECT_EQ(parse_site(name(site), config), site) << name(site);
}

TEST(Points, HuggingFaceNamesAreTheModulesOutput) {
  const auto config = tiny_config();
  EXPECT_EQ(parse_site("model.layers.2.mlp", config), (Site{Point::mlp_out, 2}));
  EXPECT_EQ(parse_site("model.layers.2.self_attn", config), (Site{Point::attn_out, 2}));
  EXPECT_EQ(parse_site("model.layers.2", config), (Site{Point::resid_post, 2}));
  EXPECT_EQ(parse_site("model.embed_tokens", config), (Site{Point::embed}));
  EXPECT_EQ(parse_site("lm_head", config), (Site{Point::logits}));
  EXPECT_EQ(parse_site("model.norm", config), (Site{Point::ln_final}));
  EXPECT_EQ(parse_site("model.layers.0.input_layernorm", config), (Site{Point::ln1, 0}));
  EXPECT_EQ(parse_site("model.layers.0.post_attention_layernorm", config), (Site{Point::ln2, 0}));
  EXPECT_EQ(parse_site("model.layers.1.self_attn.q_norm", config), (Site{Point::q_normed, 1}));
  EXPECT_EQ(parse_site("model.layers.1.self_attn.v_proj", config), (Site{Point::v, 1}));
  EXPECT_EQ(parse_site("model.layers.1.mlp.gate_proj", config), (Site{Point::mlp_pre, 1}));
  EXPECT_EQ(parse_site("model.layers.1.mlp.up_proj", config), (Site{Point::mlp_pre_linear, 1}));
  expect_input_error([&] { parse_site("model.layers.3.mlp", config); },
                     {"site 'model.layers.3.mlp': layer 3 of a model with 3 layers (0 to 2)"});
  expect_input_error([&] { parse_site("model.layers.-1.mlp", config); }, {"layer -1", "0 to 2"});
  expect_input_error([&] { parse_site("model.layers.{}.mlp", config); }, {"model.layers.{}.mlp"});
  expect_input_error([&] { parse_site("model.layers.1.mlp.down_proj", config); }, {"model.layers.1.mlp.down_proj"});
}

TEST(Points, ListsGlobsAndOrder) {
  const auto config = tiny_config();
  EXPECT_EQ(parse_sites("all", config), all_sites(config));
  const auto some =
      parse_sites("logits,blocks.*.hook_resid_post,blocks.0.hook_mlp_out,blocks.0.hook_resid_post", config);
  const std::vector<Site> wanted = {
      {Point::mlp_out, 0}, {Point::resid_post, 0}, {Point::resid_post, 1}, {Point::resid_post, 2}, {Point::logits}};
  EXPECT_EQ(some, wanted);
}

TEST(Points, WithoutNormsOfQueriesAndKeysTheirPointsAreNotThere) {
  auto config = tiny_config();
  config.model_type = "llama";
  config.qk_norm = false;
  EXPECT_EQ(points(tiny_config()).size(), points().size());
  std::vector<Point> missing;
  for (const auto& point : points()) {
    const auto there = points(config);
    if (std::none_of(there.begin(), there.end(), [&](const PointInfo& p) { return p.point == point.point; }))
      missing.push_back(point.point);
  }
  EXPECT_EQ(missing, (std::vector{Point::q_normed, Point::k_normed}));
  EXPECT_EQ(all_sites(config).size(), all_sites(tiny_config()).size() - 2 * static_cast<size_t>(config.n_layers));
  for (const auto& site : all_sites(config)) EXPECT_EQ(parse_site(name(site), config), site) << name(site);
  const auto asked = [&](const char* name) {
    expect_input_error([&] { parse_site(name, config); }, {name, "llama", "no norm of queries and keys"});
  };
  asked("blocks.1.attn.hook_q_normed");
  asked("model.layers.1.self_attn.k_norm");
  expect_input_error([&] { parse_sites("blocks.*.attn.hook_q_normed", config); }, {"matches no hook point"});
  expect_input_error(
      [&] {
        Taps(config).read({Point::k_normed, 1}, [](const at::Tensor&) {});
      },
      {"blocks.1.attn.hook_k_normed", "attn.hook_k "});
}

TEST(Points, UnknownNamesAreErrorsThatHelp) {
  const auto config = tiny_config();
  expect_input_error([&] { parse_site("blocks.1.hook_mlp_ot", config); }, {"blocks.1.hook_mlp_out"});
  expect_input_error([&] { parse_site("blocks.3.hook_mlp_out", config); },
                     {"site 'blocks.3.hook_mlp_out': layer 3 of a model with 3 layers (0 to 2)"});
  expect_input_error([&] { parse_sites("blocks.*.nothing", config); }, {"matches no hook point"});
  expect_input_error([&] { parse_site("blocks.1x.hook_mlp_out", config); }, {"blocks.1x"});
  expect_input_error([&] { parse_site("", config); }, {"''"});
}

TEST(Points, ALayerIsCheckedWithTheWordsOfWhoeverAsks) {
  const auto config = tiny_config();
  check_layer(2, config);
  expect_input_error([&] { check_layer(-1, config); }, {"layer -1 of a model with 3 layers (0 to 2)"});
  expect_input_error([&] { check_layer(3, config, "--layer"); }, {"--layer: layer 3 of a model with 3 layers"});
}

TEST(Points, DescriptionsHoldForEveryActivation) {
  for (const auto& point : points()) {
    EXPECT_EQ(point.what.find("SiLU"), std::string_view::npos) << point.name;
    EXPECT_EQ(point.what.find("GELU"), std::string_view::npos) << point.name;
  }
}

}  // namespace
}  // namespace sinkscope::tests
