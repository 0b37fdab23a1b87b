#include "sinkscope/model/taps.h"

#include <map>

#include "sinkscope/intervene/trial.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using model::Point;
using model::Site;
using model::Taps;

TEST(Taps, ReadingEverythingChangesNoBit) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(3, 20);
  const auto alone = read_site(m, ids, {Point::logits});
  Taps all(m.config());
  for (const auto& site : model::all_sites(m.config())) all.read(site, [](const at::Tensor&) {});
  for (int64_t layer = 0; layer < m.config().n_layers; ++layer) all.columns(layer, {0, 3}, [](const at::Tensor&) {});
  EXPECT_TRUE(at::equal(read_site(m, ids, {Point::logits}, all), alone));
}

TEST(Taps, EveryPointFiresOnceALayerWithItsShape) {
  const auto m = tiny_model();
  std::map<std::string, int> fired;
  Taps taps(m.config());
  for (const auto& site : model::all_sites(m.config())) {
    taps.read(site, [&, site](const at::Tensor& x) {
      ++fired[model::name(site)];
      EXPECT_EQ(x.sizes().vec(), model::shape_at(site, m.config(), 2, 9)) << model::name(site);
    });
  }
  m.forward(tiny_ids(2, 9), taps);
  EXPECT_EQ(fired.size(), model::all_sites(m.config()).size());
  for (const auto& [name, count] : fired) EXPECT_EQ(count, 1) << name;
}

TEST(Taps, AnEditReachesLaterSitesAndNoEarlierOne) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 12);
  Taps edited(m.config());
  edited.edit({Point::mlp_out, 1}, intervene::bind({.tokens = {4}}, {}));
  for (const auto& site : model::all_sites(m.config())) {
    if (model::before(site, {Point::mlp_out, 1})) continue;
    const bool same = at::equal(read_site(m, ids, site, edited), read_site(m, ids, site));
    EXPECT_FALSE(same) << model::name(site);
  }
  Taps both = edited;
  at::Tensor before;
  both.read({Point::mlp_post, 1}, [&](const at::Tensor& x) { before = x.clone(); });
  read_site(m, ids, {Point::logits}, both);
  EXPECT_TRUE(at::equal(before, read_site(m, ids, {Point::mlp_post, 1})));
}

TEST(Taps, EditsRunInOrderAndReadsSeeTheLast) {
  const auto m = tiny_model();
  Taps taps(m.config());
  taps.edit({Point::embed}, [](const at::Tensor& x) { return x * 0 + 1; });
  taps.edit({Point::embed}, [](const at::Tensor& x) { return x + 2; });
  EXPECT_TRUE(at::equal(read_site(m, tiny_ids(1, 4), {Point::embed}, taps), at::full({1, 4, 40}, 3.f)));
}

TEST(Taps, CausalityAnEditAtATokenLeavesEarlierTokens) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 15);
  Taps taps(m.config());
  taps.edit({Point::embed}, intervene::bind({.tokens = {7}, .operation = intervene::Operation::scale, .dose = 3}, {}));
  const auto plain = read_site(m, ids, {Point::resid_post, 2}),
             edited = read_site(m, ids, {Point::resid_post, 2}, taps);
  EXPECT_TRUE(at::equal(plain.slice(1, 0, 7), edited.slice(1, 0, 7)));
  EXPECT_GT(largest_difference(plain.slice(1, 7), edited.slice(1, 7)), 1e-3);
}

TEST(Taps, TheEarlyEndComputesTheSame) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 10);
  for (const auto& site : model::all_sites(m.config())) {
    Taps to_the_end(m.config());
    to_the_end.read({Point::logits}, [](const at::Tensor&) {});
    EXPECT_TRUE(at::equal(read_site(m, ids, site, to_the_end), read_site(m, ids, site))) << model::name(site);
  }
}

TEST(Taps, ALargeBatchInPartsComputesTheSame) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(110, 40);  // 4,400 tokens: the MLP takes 4,096, then the rest
  Taps whole(m.config());
  whole.read({Point::mlp_post, 1}, [](const at::Tensor&) {});
  const Site after{Point::resid_post, 1};
  EXPECT_TRUE(at::equal(read_site(m, ids, after, whole), read_site(m, ids, after)));
}

TEST(Taps, WhatCannotHappenIsAnErrorAtOnce) {
  const auto m = tiny_model();
  Taps taps(m.config());
  const auto nothing = [](const at::Tensor&) {};
  expect_input_error([&] { taps.read({Point::mlp_out, 40}, nothing); }, {"layer 40", "3 layers"});
  expect_input_error([&] { taps.read({Point::mlp_out, -1}, nothing); }, {"layer -1"});
  expect_input_error([&] { taps.read({Point::logits, 2}, nothing); }, {"logits"});
  expect_input_error([&] { taps.positions({0, 1, 300}); }, {"300", "299"});
  expect_input_error([&] { taps.positions({0, -1}); }, {"-1"});
  expect_input_error([&] { taps.columns(0, {}, nothing); }, {"no keys"});

  Taps columns(m.config());
  columns.columns(1, {9}, nothing);
  expect_input_error([&] { m.forward(tiny_ids(1, 9), columns); }, {"token 9", "9 tokens"});
  Taps late(m.config());
  late.read({Point::resid_post, 0}, nothing);
  late.edit({Point::resid_post, 1}, [](const at::Tensor& x) { return x; });
  expect_input_error([&] { m.forward(tiny_ids(1, 9), late); }, {"blocks.1.hook_resid_post", "nothing would see it"});
  Taps positions(m.config());
  positions.positions({0, 1, 2});
  expect_input_error([&] { read_site(m, tiny_ids(1, 9), {Point::logits}, positions); }, {"3 tokens", "9"});
  expect_input_error([&] { read_site(m, at::full({1, 2}, 97, at::kLong), {Point::logits}); }, {"97", "0 to 96"});
}

TEST(Taps, AnEditOfAnotherShapeOrTypeIsRefused) {
  const auto m = tiny_model();
  Taps taps(m.config());
  taps.edit({Point::embed}, [](const at::Tensor& x) { return x.slice(1, 0, 2); });
  EXPECT_THROW(read_site(m, tiny_ids(1, 4), {Point::embed}, taps), std::logic_error);
  Taps half(m.config());
  half.edit({Point::embed}, [](const at::Tensor& x) { return x.to(at::kBFloat16); });
  EXPECT_THROW(read_site(m, tiny_ids(1, 4), {Point::embed}, half), std::logic_error);
}

TEST(Taps, RightPaddingChangesNoRealToken) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 16);
  auto padded = ids.clone();
  padded.slice(1, 11).zero_();
  const auto full = read_site(m, ids, {Point::logits}), cut = read_site(m, padded, {Point::logits});
  EXPECT_LE(largest_difference(full.slice(1, 0, 11), cut.slice(1, 0, 11)), 1e-5);
}

}  // namespace
}  // namespace sinkscope::tests
