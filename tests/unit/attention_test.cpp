#include "sinkscope/model/attention.h"

#include <cmath>
#include <limits>

#include "model/cpu/blocked_attention.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using model::AttentionChange;
using model::Heads;
using model::Point;
using model::Taps;

Heads random_heads(int64_t n, int64_t T, at::ScalarType dtype = at::kFloat) {
  auto g = at::detail::createCPUGenerator(11);
  return {at::randn({n, T, 6, 16}, g, at::kFloat).mul(2).to(dtype), at::randn({n, T, 2, 16}, g, at::kFloat).to(dtype),
          at::randn({n, T, 2, 16}, g, at::kFloat).to(dtype)};
}

at::Tensor causal_pattern(const Heads& heads) {
  return model::attention_scores(heads, model::visible_keys({}, heads.q.size(1), 0)).softmax(-1);
}

TEST(Attention, FusedAgreesWithTheMatrix) {
  for (const int64_t T : {1, 2, 31, 64, 130}) {
    const auto heads = random_heads(2, T);
    const auto wanted = model::mix_values(causal_pattern(heads), heads.v);
    EXPECT_LE(largest_difference(model::fused_attention(heads, {}).z, wanted), 5e-6) << T;
    EXPECT_LE(largest_difference(model::library_attention(heads, {}).z, wanted), 5e-6) << T;
  }
}

/// Two of the first dimensions as Qwen2.5's biases make them: scores of thousands, most of which is the same for all
/// keys. ATen adds a score's products one after another; in two halves fewer of them are rounded at that size.
TEST(Attention, LargeScoresAreCloserToFloat64ThanOneSumOfProducts) {
  auto g = at::detail::createCPUGenerator(5);
  const auto vectors = [&](int64_t count) { return at::randn({4, 40, count, 64}, g, at::kFloat); };
  Heads heads{vectors(6), vectors(2), vectors(2)};
  for (const auto& x : {heads.q, heads.k}) x.slice(-1, 3, 5).add_(70);
  if (!model::can_block(heads)) GTEST_SKIP() << "no AVX-512";
  const auto pattern_of = [](const at::Tensor& q, const at::Tensor& k) {
    const auto scores = at::matmul(q.transpose(1, 2), k.repeat_interleave(3, 2).permute({0, 2, 3, 1})) / 8;
    const auto hidden = at::ones({40, 40}, at::kBool).triu(1);
    return scores.masked_fill(hidden, -std::numeric_limits<double>::infinity()).softmax(-1);
  };
  const auto exact = pattern_of(heads.q.to(at::kDouble), heads.k.to(at::kDouble));
  const auto error = [&](const at::Tensor& columns) {
    return (columns.to(at::kDouble) - exact.slice(-1, 0, 3)).square().mean().sqrt().item<double>();
  };
  const auto ours = error(model::fused_attention(heads, {.keys = {0, 1, 2}}).columns);
  EXPECT_LE(ours, 0.85 * error(pattern_of(heads.q, heads.k).slice(-1, 0, 3)));
}

TEST(Attention, AWindowIsTheMaskedMatrix) {
  const int64_t T = 300;  // more than the rows of one part
  const auto heads = random_heads(2, T);
  const std::vector<int64_t> keys = {0, 5, 140, 299};
  for (const int64_t window : {1, 7, 128, 200, 300}) {
    const auto pattern = model::attention_scores(heads, model::visible_keys({}, T, 0, window)).softmax(-1);
    EXPECT_EQ(pattern[0][0][299].gt(0).sum().item<int64_t>(), window);  // itself and those just before
    for (const bool mixed : {true, false}) {
      const auto ours = model::windowed_attention(heads, {.keys = keys, .mixed = mixed}, window);
      EXPECT_EQ(ours.z.defined(), mixed);
      if (mixed) {
        EXPECT_LE(largest_difference(ours.z, model::mix_values(pattern, heads.v)), 5e-6) << window;
      }
      EXPECT_LE(largest_difference(ours.columns, pattern.index_select(-1, at::tensor(keys))), 5e-6) << window;
    }
  }
}

/// What a GPU falls back to where no kernel of the library takes the heads.
TEST(Attention, ByPartsAgreesWithTheMatrix) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t T : {1, 127, 300}) {  // 300: more than the rows of one part
      const auto heads = random_heads(2, T, dtype);
      const auto scores = model::attention_scores(heads, model::visible_keys({}, T, 0)), pattern = scores.softmax(-1);
      for (const bool mixed : {true, false}) {
        const auto ours = model::attention_by_parts(heads, {.keys = {0, T / 2}, .mixed = mixed});
        EXPECT_EQ(ours.z.defined(), mixed);
        if (mixed) {
          const double step = dtype == at::kFloat ? 5e-6 : 2e-2;  // of values up to 4, in bfloat16
          EXPECT_EQ(ours.z.scalar_type(), dtype);
          EXPECT_LE(largest_difference(ours.z.to(at::kFloat), model::mix_values(pattern, heads.v).to(at::kFloat)),
                    step);
        }
        EXPECT_LE(largest_difference(ours.lse, scores.logsumexp(-1)), 1e-5) << T;
        EXPECT_LE(largest_difference(ours.columns, pattern.index_select(-1, at::tensor({0L, T / 2}))), 5e-6) << T;
      }
    }
  }
}

/// As for more samples than a GPU's grid has places.
TEST(Attention, SamplesApartAreSamplesTogether) {
  const auto heads = random_heads(5, 40);
  for (const model::Asked& asked : {model::Asked{.keys = {0, 3}}, model::Asked{.mixed = false}}) {
    const auto apart = model::in_sample_parts(heads, asked, 2), together = model::library_attention(heads, asked);
    EXPECT_EQ(apart.z.defined(), asked.mixed);
    EXPECT_EQ(apart.columns.defined(), !asked.keys.empty());
    if (asked.mixed) {
      EXPECT_TRUE(at::equal(apart.z, together.z));
    }
    EXPECT_TRUE(at::equal(apart.lse, together.lse));
    if (!asked.keys.empty()) {
      EXPECT_TRUE(at::equal(apart.columns, together.columns));
    }
  }
}

TEST(Attention, AWindowAsLongAsTheSampleChangesNoBit) {
  const auto ids = tiny_ids(2, 40);
  auto config = tiny_config();
  const auto plain = read_site(tiny_model(config), ids, {Point::logits});
  config.layers[0].window = 40;
  EXPECT_TRUE(at::equal(read_site(tiny_model(config), ids, {Point::logits}), plain));
  config.layers[0].window = 39;
  EXPECT_FALSE(at::equal(read_site(tiny_model(config), ids, {Point::logits}), plain));
}

/// What every path's log-sum-exp must be.
at::Tensor wanted_lse(const Heads& heads, int64_t window = 0, const AttentionChange& change = {}) {
  return model::attention_scores(heads, model::visible_keys(change, heads.q.size(1), 0, window)).logsumexp(-1);
}

void expect_lse(const at::Tensor& lse, const at::Tensor& wanted, double tolerance = 1e-5) {
  ASSERT_EQ(lse.sizes(), wanted.sizes());
  EXPECT_EQ(lse.scalar_type(), at::kFloat);
  EXPECT_LE(largest_difference(lse, wanted), tolerance);
}

TEST(Attention, EveryPathGivesTheLogSumExp) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t width : {0, 40}) {
      auto heads = random_heads(2, 300, dtype);
      heads.score_width = width;
      for (const bool mixed : {true, false}) {
        const model::Asked asked{.mixed = mixed, .lse = true};
        expect_lse(model::fused_attention(heads, asked).lse, wanted_lse(heads));
        // the library scales bfloat16 queries before it multiplies
        expect_lse(model::library_attention(heads, asked).lse, wanted_lse(heads), dtype == at::kFloat ? 1e-5 : 4e-2);
        for (const int64_t window : {1, 7, 128, 299, 300})
          expect_lse(model::windowed_attention(heads, asked, window).lse, wanted_lse(heads, window));
      }
    }
  }
}

TEST(Attention, ChangedRowsGiveTheLogSumExpOfTheKeysThatTheySee) {
  const auto heads = random_heads(2, 150);
  const model::Asked asked{.keys = {0, 3}, .lse = true};
  AttentionChange some, all, edges;
  some.self_only = {3, 8, 149};
  all.all_self_only = true;
  edges.blocked = {{5, 2}};
  edges.allowed = {{0, 140}};
  edges.cut = 30;
  for (const int64_t window : {0, 20}) {
    for (const auto& change : {AttentionChange{}, some, all})
      expect_lse(model::attention_by_rows(heads, asked, window, change).lse, wanted_lse(heads, window, change));
    for (const auto& change : {some, all, edges}) {
      const auto scores = model::attention_scores(heads, model::visible_keys(change, 150, 0, window));
      const auto given = model::attention_by_matrix(scores, scores.softmax(-1), heads.v, asked);
      expect_lse(given.lse, wanted_lse(heads, window, change));
      // By it the columns come out of the scores alone.
      EXPECT_LE(
          largest_difference((scores.slice(-1, 0, 1) - given.lse.unsqueeze(-1)).exp(), given.columns.slice(-1, 0, 1)),
          1e-6);
    }
  }
}

TEST(Attention, TheWidthOfScoresScalesEveryPathAlike) {
  auto heads = random_heads(2, 70);
  const auto plain = model::attention_scores(heads, model::visible_keys({}, 70, 0));
  heads.score_width = 64;  // four times the heads': half the scores
  const auto scores = model::attention_scores(heads, model::visible_keys({}, 70, 0));
  EXPECT_TRUE(at::equal(scores, plain * 0.5));
  const auto z = model::mix_values(scores.softmax(-1), heads.v), columns = scores.softmax(-1).slice(-1, 0, 2);
  for (const auto& given :
       {model::fused_attention(heads, {.keys = {0, 1}}), model::library_attention(heads, {.keys = {0, 1}}),
        model::windowed_attention(heads, {.keys = {0, 1}}, 70)}) {
    EXPECT_LE(largest_difference(given.z, z), 5e-6);
    EXPECT_LE(largest_difference(given.columns, columns), 5e-6);
  }
}

TEST(Attention, ScoresByHand) {
  // One head of width 16, two tokens: q1 = 4 e0, k0 = e0, k1 = -e0: scaled scores 4/4 = 1 and -1.
  auto q = at::zeros({1, 2, 1, 16}), k = at::zeros({1, 2, 1, 16});
  q[0][1][0][0] = 4;
  k[0][0][0][0] = 1;
  k[0][1][0][0] = -1;
  const auto pattern = causal_pattern({q, k, at::zeros_like(k)});
  EXPECT_FLOAT_EQ(pattern[0][0][0][0].item<float>(), 1);
  EXPECT_FLOAT_EQ(pattern[0][0][0][1].item<float>(), 0);
  EXPECT_NEAR(pattern[0][0][1][0].item<float>(), std::exp(1.0) / (std::exp(1.0) + std::exp(-1.0)), 1e-6);
}

TEST(Attention, ColumnsAreThePatternsColumns) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto heads = random_heads(2, 70, dtype);
    const std::vector<int64_t> keys = {0, 5, 69};
    const auto wanted = causal_pattern(heads).index_select(-1, at::tensor(keys));
    for (const bool mixed : {true, false}) {
      const auto ours = model::fused_attention(heads, {.keys = keys, .mixed = mixed}).columns;
      EXPECT_EQ(ours.scalar_type(), at::kFloat);
      EXPECT_LE(largest_difference(ours, wanted), 5e-6);  // bfloat16 too: scores are float32 sums of exact products
      // the library scales bfloat16 queries before it multiplies
      EXPECT_LE(largest_difference(model::library_attention(heads, {.keys = keys, .mixed = mixed}).columns, wanted),
                dtype == at::kFloat ? 5e-6 : 2e-3);
    }
  }
}

at::Tensor pattern_of(const model::Model& m, const at::Tensor& ids, const AttentionChange& change) {
  Taps taps(m.config());
  taps.attention(change, {1});
  return read_site(m, ids, {Point::pattern, 1}, taps);
}

TEST(Attention, SelfOnlyRowsSeeThemselves) {
  const auto m = tiny_model();
  AttentionChange change;
  change.self_only = {2, 5};
  const auto pattern = pattern_of(m, tiny_ids(2, 9), change), plain = pattern_of(m, tiny_ids(2, 9), {});
  for (const int64_t row : {2, 5}) {
    EXPECT_TRUE(at::equal(pattern.select(2, row), at::zeros({2, 6, 9}).index_fill(-1, at::tensor({row}), 1)));
  }
  EXPECT_TRUE(at::equal(pattern.select(2, 4), plain.select(2, 4)));
}

/// z and columns of layer 1 by replacement of rows against the masked float32 matrix.
TEST(Attention, ReplacedRowsAgreeWithTheMask) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 12);
  for (const bool all : {false, true}) {
    AttentionChange rows;
    if (all)
      rows.all_self_only = true;
    else
      rows.self_only = {3, 8};
    AttentionChange mask = rows;  // an edge that is closed already makes the matrix necessary
    mask.blocked = {{3, 1}};
    const auto run = [&](const AttentionChange& change, at::Tensor& columns) {
      Taps taps(m.config());
      taps.attention(change, {1});
      taps.columns(1, {0, 3}, [&](const at::Tensor& x) { columns = x.clone(); });
      return read_site(m, ids, {Point::resid_post, 2}, taps);
    };
    AttentionChange closed = rows;
    if (!all)
      closed.blocked = {{3, 1}};  // row 3 is self-only: 3 -> 1 is closed anyway
    else
      closed.blocked = {{11, 0}};
    at::Tensor by_rows, by_mask;
    EXPECT_LE(largest_difference(run(rows, by_rows), run(closed, by_mask)), 1e-4);
    EXPECT_LE(largest_difference(by_rows, by_mask), 5e-6);
  }
}

TEST(Attention, BlockedAllowedAndCutEdges) {
  const auto m = tiny_model();
  AttentionChange change;
  change.blocked = {{6, 2}};
  change.allowed = {{0, 3}};
  const auto pattern = pattern_of(m, tiny_ids(1, 9), change), plain = pattern_of(m, tiny_ids(1, 9), {});
  EXPECT_EQ(pattern.select(2, 6).select(-1, 2).abs().max().item<float>(), 0);
  EXPECT_GT(pattern.select(2, 0).select(-1, 3).min().item<float>(), 0);
  EXPECT_LE(largest_difference(pattern.sum(-1), at::ones({1, 6, 9})), 1e-6);
  EXPECT_TRUE(at::equal(pattern.select(2, 5), plain.select(2, 5)));

  AttentionChange cut;
  cut.cut = 4;
  const auto after = pattern_of(m, tiny_ids(1, 9), cut);
  auto renormalised = plain.slice(2, 4).clone();  // the definition: drop keys below 4 after the softmax, rescale
  renormalised.slice(-1, 0, 4).zero_();
  renormalised /= renormalised.sum(-1, true);
  EXPECT_LE(largest_difference(after.slice(2, 4), renormalised), 1e-6);
  EXPECT_TRUE(at::equal(after.slice(2, 0, 4), plain.slice(2, 0, 4)));
}

TEST(Attention, AnEmptyRowIsRefused) {
  AttentionChange change;
  change.blocked = {{0, 0}};
  expect_input_error([&] { model::visible_keys(change, 5, 2); }, {"layer 2", "token 0", "no key"});
  change.blocked = {{1, 7}};
  expect_input_error([&] { model::visible_keys(change, 5, 2); }, {"token 7", "5 tokens"});
}

TEST(Attention, AShiftOfAllPositionsChangesNothing) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(2, 30);
  std::vector<int64_t> shifted(30);
  for (int64_t i = 0; i < 30; ++i) shifted[i] = i + 150;
  Taps taps(m.config());
  taps.positions(shifted);
  EXPECT_LE(
      largest_difference(read_site(m, ids, {Point::resid_post, 2}), read_site(m, ids, {Point::resid_post, 2}, taps)),
      2e-4);
}

TEST(Attention, MovedPositionsOfOneLayerLeaveEarlierLayers) {
  const auto m = tiny_model();
  const auto ids = tiny_ids(1, 10);
  std::vector<int64_t> swapped = {8, 1, 2, 3, 4, 5, 6, 7, 0, 9};
  Taps taps(m.config());
  taps.positions(swapped, model::RotaryOf::both, {1});
  EXPECT_TRUE(at::equal(read_site(m, ids, {Point::pattern, 0}), read_site(m, ids, {Point::pattern, 0}, taps)));
  EXPECT_FALSE(at::equal(read_site(m, ids, {Point::pattern, 1}), read_site(m, ids, {Point::pattern, 1}, taps)));
  const auto q = read_site(m, ids, {Point::rot_q, 1}, taps), plain = read_site(m, ids, {Point::rot_q, 1});
  EXPECT_TRUE(at::equal(q.select(1, 5), plain.select(1, 5)));
  EXPECT_FALSE(at::equal(q.select(1, 8), plain.select(1, 8)));
}

TEST(Attention, AnEditedPatternIsWhatTheValuesMix) {
  const auto m = tiny_model();
  Taps taps(m.config());
  taps.edit({Point::pattern, 0}, [](const at::Tensor& p) { return at::eye(p.size(-1)).expand_as(p).contiguous(); });
  const auto ids = tiny_ids(1, 7);
  const auto z = read_site(m, ids, {Point::z, 0}, taps), v = read_site(m, ids, {Point::v, 0});
  EXPECT_LE(largest_difference(z, v.repeat_interleave(3, 2)), 1e-6);
}

}  // namespace
}  // namespace sinkscope::tests
