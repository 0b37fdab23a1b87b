#include "sinkscope/app/session.h"

#include "sinkscope/app/batches.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/model/pass_cache.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using Samples = std::vector<std::vector<int64_t>>;

const Samples kRagged = {{3, 1, 4, 1, 5, 9}, {2, 6, 5}, {35, 8, 97 - 1, 7, 93, 2}, {38, 4}, {6, 2, 6, 43, 3}};

/// mean_attention(token) of one sample on its own, from its attention matrix: [L, H].
at::Tensor attention_alone(const model::Model& model, const std::vector<int64_t>& sample, int64_t token) {
  std::vector<at::Tensor> layers;
  for (int64_t layer = 0; layer < model.config().n_layers; ++layer) {
    const auto pattern = read_site(model, at::tensor(sample, at::kLong).unsqueeze(0), {model::Point::pattern, layer});
    layers.push_back(pattern[0].select(-1, token).slice(-1, token + 1).mean(-1));  // [H, q > token]
  }
  return at::stack(layers).to(at::kDouble);
}

TEST(Batches, PadOnTheRightAndKeepEverySampleOnce) {
  for (const int64_t batch_size : {1, 2, 3, 5, 8}) {
    const auto all = app::cut_batches(kRagged, batch_size);
    EXPECT_EQ(all.longest, 6);
    EXPECT_EQ(all.batch_size, batch_size);
    int64_t next = 0;
    for (const auto& batch : all.list) {
      EXPECT_EQ(batch.first, next);
      EXPECT_LE(batch.n, batch_size);
      ASSERT_EQ(batch.ids.sizes(), (at::IntArrayRef{batch.n, 6}));
      for (int64_t i = 0; i < batch.n; ++i, ++next) {
        const auto& sample = kRagged[next];
        EXPECT_EQ(batch.lengths[i], static_cast<int64_t>(sample.size()));
        for (int64_t t = 0; t < 6; ++t) {
          EXPECT_EQ(batch.ids[i][t].item<int64_t>(), t < batch.lengths[i] ? sample[t] : 0) << i << " " << t;
        }
      }
    }
    EXPECT_EQ(next, static_cast<int64_t>(kRagged.size()));
  }
}

TEST(Session, AnAccumulatorOverItsBatchesSeesEverySampleAsIfAlone) {
  for (const int64_t batch_size : {1, 2, 5}) {
    const auto all = app::cut_batches(kRagged, batch_size);
    app::Session session(tiny_model(), "test", 1, /*quiet=*/true);
    measure::SinkScore sink(session.model().config(), {{0, 1}}, all.lengths);
    for (const auto& batch : all.list) {
      model::Taps taps(session.model().config());
      sink.attach(taps, batch.first, batch.n, all.longest, session.model().device());
      session.forward(batch, taps);
    }
    const auto scores = sink.mean_attention(0);  // [samples, L, H]
    for (size_t i = 0; i < kRagged.size(); ++i) {
      EXPECT_LT(largest_difference(scores[static_cast<int64_t>(i)], attention_alone(session.model(), kRagged[i], 0)),
                1e-6)
          << "sample " << i << ", batches of " << batch_size;
    }
  }
}

TEST(Session, APassWithoutMemoryNamesTheBatch) {
  app::Session session(tiny_model(), "test", 1, /*quiet=*/true);
  const auto told = [&](const auto& fail) -> std::string {
    model::Taps taps(session.model().config());
    taps.read({model::Point::resid_post, 1}, [&](const at::Tensor&) { fail(); });
    try {
      session.forward(tiny_ids(3, 12), taps);
    } catch (const app::OutOfMemory& e) {
      return e.what();
    }
    return "";
  };
  const auto gpu =
      told([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried 2.00 GiB.\nMore."); });
  EXPECT_EQ(
      gpu,
      "the memory of the GPU ran out in a pass of 3 samples of 12 tokens: a smaller --batch-size takes less (CUDA "
      "out of memory. Tried 2.00 GiB.)");
  EXPECT_NE(told([] { throw std::bad_alloc(); }).find("CPU ran out in a pass of 3 samples"), std::string::npos);
}

TEST(Session, CountsTokensAndAResumedPassByItsShareOfTheLayers) {
  app::Session session(tiny_model(), "test", 1, /*quiet=*/true);
  EXPECT_EQ(session.timing().tokens, 0);
  const model::Site last{model::Point::resid_pre, 2};  // of three layers
  model::PassCache cache({last});
  at::Tensor whole, rest;
  model::Taps taps(session.model().config()), more(session.model().config());
  cache.attach(taps);
  taps.read({model::Point::resid_post, 2}, [&](const at::Tensor& x) { whole = x.clone(); });
  more.read({model::Point::resid_post, 2}, [&](const at::Tensor& x) { rest = x.clone(); });
  session.forward(tiny_ids(2, 12), taps);
  EXPECT_EQ(session.timing().tokens, 24);
  EXPECT_GT(session.timing().first_pass_s, 0);
  EXPECT_GE(session.timing().run_s, session.timing().first_pass_s);
  session.resume(cache.at(last), more);
  EXPECT_EQ(session.timing().tokens, 24 + 24 / 3);
  EXPECT_TRUE(at::equal(whole, rest));
}

}  // namespace
}  // namespace sinkscope::tests
