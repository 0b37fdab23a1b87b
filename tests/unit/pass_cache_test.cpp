#include "sinkscope/model/pass_cache.h"

#include "sinkscope/intervene/trial.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using intervene::bind;
using model::Point;
using model::Taps;

/// Everything that a pass which begins at a kept place gives is, bit by bit, what the whole pass gives.
TEST(PassCache, APassThatGoesOnGivesTheSameBits) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 11);
  const int64_t last = m.config().n_layers - 1;
  for (const auto& site : model::all_sites(m.config())) {
    const auto start = model::start_of(site, m.config());
    model::PassCache cache({start});
    at::Tensor whole, whole_columns, rest, rest_columns;
    Taps taps(m.config()), more(m.config());
    cache.attach(taps);
    for (auto [to, values, columns] :
         {std::tuple(&taps, &whole, &whole_columns), std::tuple(&more, &rest, &rest_columns)}) {
      to->read({Point::logits}, [values = values](const at::Tensor& x) { *values = x.clone(); });
      to->columns(last, {0, 3}, [columns = columns](const at::Tensor& x) { *columns = x.clone(); });
    }
    bool reached = false;
    more.read(site, [&](const at::Tensor&) { reached = true; });
    m.forward(ids, taps);
    m.resume(cache.at(start), more);
    EXPECT_TRUE(reached) << model::name(site);
    EXPECT_TRUE(at::equal(whole, rest)) << model::name(site);
    if (start.layer < last || start.point == Point::resid_pre) {
      EXPECT_TRUE(at::equal(whole_columns, rest_columns)) << model::name(site);
    }
  }
}

TEST(PassCache, AnEditOfWhatOneReaderSeesLeavesTheResidual) {
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

}  // namespace
}  // namespace sinkscope::tests
