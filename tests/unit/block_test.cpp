// What a block is made of: norms, who reads the residual, and what differs by layer.

#include "sinkscope/model/block.h"

#include <set>

#include "sinkscope/model/activation.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using model::Norm;
using model::Point;
using model::Site;
using model::Taps;

TEST(Norms, AnAbsentOneIsTheIdentity) {
  const auto x = at::randn({2, 5, 8}), gradient = at::randn({2, 5, 8});
  const Norm none;
  EXPECT_TRUE(none(x).is_same(x));
  EXPECT_TRUE(none.back(gradient, x).is_same(gradient));
  EXPECT_TRUE(at::equal(x / none.scale(x), x));
  EXPECT_TRUE(at::equal(none.gain_of(x), at::ones({8})));
}

TEST(Norms, TheOutputIsTheGainTimesXOverTheScale) {
  const auto x = at::randn({2, 5, 8});
  const Norm norm{at::randn({8}), 1e-3};
  EXPECT_EQ(norm.scale(x).sizes(), (std::vector<int64_t>{2, 5, 1}));
  EXPECT_LE(relative_difference(norm(x), norm.gain_of(x) * x / norm.scale(x)), 1e-6);
  const auto by_hand = at::tensor({3.0F, 4.0F});  // mean square 12.5
  EXPECT_FLOAT_EQ(Norm({at::ones({2}), 12.5}).scale(by_hand).item<float>(), 5);
}

/// Against differences of the definition, in float64.
TEST(Norms, TheGradientComesBack) {
  const Norm norm{at::randn({6}, at::kDouble), 1e-2};
  const auto x = at::randn({3, 6}, at::kDouble), gradient = at::randn({3, 6}, at::kDouble);
  const auto value = [&](const at::Tensor& at) {
    return (gradient * norm.weight * at / (at.square().mean(-1, true) + norm.eps).sqrt()).sum(-1);
  };
  const auto back = norm.back(gradient, x);
  for (int64_t d = 0; d < 6; ++d) {
    const auto step = at::zeros({6}, at::kDouble).index_fill(0, at::tensor({d}), 1e-5);
    EXPECT_LE(largest_difference((value(x + step) - value(x - step)) / 2e-5, back.select(1, d)), 1e-8);
  }
}

TEST(Activations, TheSlopeIsTheDerivative) {
  const auto x = at::linspace(-8, 8, 65, at::kDouble);
  const auto differences =
      (model::activate(model::Activation::silu, x + 1e-5) - model::activate(model::Activation::silu, x - 1e-5)) / 2e-5;
  EXPECT_LE(largest_difference(model::slope(model::Activation::silu, x), differences), 1e-8);
  const auto gate = at::randn({4, 9}), up = at::randn({4, 9});
  EXPECT_LE(relative_difference(model::gated(model::Activation::silu, gate, up),
                                model::activate(model::Activation::silu, gate) * up),
            1e-6);
}

/// At every site of the residual: the norm that the reader names makes its output of what stands at its place, no other
/// norm comes between, and a change at the site is seen there.
TEST(Readers, AreTheNextNormOfTheResidual) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 9);
  const std::set<Point> residual = {Point::embed,     Point::resid_pre, Point::attn_in, Point::attn_out,
                                    Point::resid_mid, Point::mlp_in,    Point::mlp_out, Point::resid_post};
  const std::set<Point> norms = {Point::ln1, Point::ln2, Point::ln_final};
  for (const auto& site : model::all_sites(m.config())) {
    const auto reader = m.reader_of(site);
    ASSERT_EQ(reader.has_value(), residual.contains(site.point) || norms.contains(site.point)) << model::name(site);
    if (!reader) continue;
    const auto x = read_site(m, ids, reader->site), normed = read_site(m, ids, reader->normed);
    EXPECT_LE(relative_difference(reader->norm(x), normed), 1e-6) << model::name(site);
    if (norms.contains(site.point)) {
      EXPECT_EQ(reader->normed, site);
      continue;
    }
    for (const auto& other : model::all_sites(m.config())) {
      if (norms.contains(other.point) && model::before(site, other)) {
        EXPECT_FALSE(model::before(other, reader->normed)) << model::name(site);
      }
    }
    Taps taps(m.config());
    taps.edit(site, [](const at::Tensor& y) { return at::cat({y.slice(-1, 0, 1) + 3, y.slice(-1, 1)}, -1); });
    EXPECT_FALSE(at::equal(read_site(m, ids, reader->normed, taps), normed)) << model::name(site);
  }
}

/// Layers that differ: each does what a model does whose layers are all like it.
TEST(Layers, EachHasItsWindowAndItsRotary) {
  auto mixed = tiny_config();
  mixed.ropes.resize(2);
  mixed.ropes[1].type = model::RopeType::linear;
  mixed.ropes[1].theta = 500;
  mixed.ropes[1].factor = 4;
  mixed.layers = {{.window = 5}, {.window = 0, .rope = 1}};  // the third layer is like the first
  const auto m = tiny_model(mixed);
  const auto ids = tiny_ids(2, 30);
  for (int64_t layer = 0; layer < 3; ++layer) {
    auto alike = mixed;
    alike.layers = {mixed.layers[static_cast<size_t>(layer) % 2]};
    const auto in = read_site(m, ids, {Point::resid_pre, layer}), out = read_site(m, ids, {Point::resid_post, layer});
    Taps taps(alike);
    taps.edit({Point::resid_pre, layer}, [&](const at::Tensor&) { return in; });
    EXPECT_TRUE(at::equal(read_site(tiny_model(alike), ids, {Point::resid_post, layer}, taps), out)) << layer;
    alike.layers = {mixed.layers[static_cast<size_t>(layer + 1) % 2]};
    EXPECT_FALSE(at::equal(read_site(tiny_model(alike), ids, {Point::resid_post, layer}, taps), out)) << layer;
  }
}

TEST(Layers, TheEmbeddingIsScaled) {
  auto config = tiny_config();
  const auto plain = read_site(tiny_model(config), tiny_ids(2, 9), {Point::embed});
  config.embedding_scale = 6.5;
  EXPECT_TRUE(at::equal(read_site(tiny_model(config), tiny_ids(2, 9), {Point::embed}), plain * 6.5));
}

}  // namespace
}  // namespace sinkscope::tests
