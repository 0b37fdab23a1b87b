#include "sinkscope/measure/first_token.h"

#include "tests/support/tiny_model.h"

namespace sinkscope::measure {
namespace {

/// Two batches of single tokens, the first of three and the second of two.
template <typename Attach>
void run(const model::Model& model, const Attach& attach) {
  const auto ids = tests::tiny_ids(5, 1);
  for (const auto& batch : {ids.slice(0, 0, 3), ids.slice(0, 3)}) {
    model::Taps taps(model.config());
    attach(taps);
    model.forward(batch, taps);
  }
}

TEST(FirstToken, KeptKeysGiveTheCosinesOfASecondRun) {
  const auto model = tests::tiny_model();
  FirstTokenPath path(model.config());
  FirstTokenKeys keys(model.config());
  run(model, [&](model::Taps& taps) {
    path.attach(taps);
    keys.attach(taps);
  });
  KeyCosine of_kept(path.mean_key()), of_second(path.mean_key());
  of_kept.add(keys);
  run(model, [&](model::Taps& taps) { of_second.attach(taps); });
  EXPECT_EQ(of_kept.cosine().sizes(), (std::vector<int64_t>{5, model.config().n_layers}));
  EXPECT_TRUE(at::equal(of_kept.cosine(), of_second.cosine()));
  EXPECT_GT(of_kept.cosine().std().item<double>(), 0.01);
}

TEST(FirstToken, KeptKeysTakeTheBytesThatAreSaid) {
  const auto model = tests::tiny_model();
  FirstTokenKeys keys(model.config());
  run(model, [&](model::Taps& taps) { keys.attach(taps); });
  size_t bytes = 0;
  for (size_t layer = 0; layer < static_cast<size_t>(model.config().n_layers); ++layer) {
    for (const auto& batch : keys.layer(layer)) bytes += batch.nbytes();
  }
  EXPECT_EQ(FirstTokenKeys::bytes(model.config(), 5), static_cast<int64_t>(bytes));
}

}  // namespace
}  // namespace sinkscope::measure
