#include "model/gpu_demands.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinkscope/model/device.h"
#include "tests/support/refusal.h"

namespace sinkscope::tests {
namespace {

using model::AttentionWay;

TEST(GpuDemands, TheWayOfAnAttention) {
  const auto way = [](at::ScalarType dtype, int64_t d_head) { return model::attention_way(dtype, d_head); };
  for (const auto half : {at::kBFloat16, at::kHalf}) {
    for (const int64_t width : {1, 20, 64, 128, 255, 256}) EXPECT_EQ(way(half, width), AttentionWay::flash) << width;
    for (const int64_t width : {257, 264, 512, 65536}) EXPECT_EQ(way(half, width), AttentionWay::efficient) << width;
    EXPECT_EQ(way(half, 65537), AttentionWay::by_parts);
  }
  for (const int64_t width : {1, 128, 256, 257, 65536})
    EXPECT_EQ(way(at::kFloat, width), AttentionWay::efficient) << width;
  EXPECT_EQ(way(at::kFloat, 65537), AttentionWay::by_parts);
  for (const int64_t width : {16, 512}) EXPECT_EQ(way(at::kDouble, width), AttentionWay::by_parts);
}

TEST(GpuDemands, HeadsAreCopiedOnlyWhereTheyDoNotLieInPacks) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const int64_t pack = 16 / at::elementSize(dtype);
    const auto product = at::arange(2 * 3 * 12 * pack, at::kFloat).to(dtype).view({2, 3, 12 * pack});
    const auto part = product.slice(-1, 4 * pack).unflatten(-1, {4, 2 * pack}).transpose(1, 2);  // as keys lie
    EXPECT_TRUE(model::in_packs(part).is_same(part));
    const auto copied = [&](const at::Tensor& x) {
      const auto y = model::in_packs(x);
      EXPECT_TRUE(at::equal(x, y));
      EXPECT_TRUE(model::in_packs(y).is_same(y));
      return !y.is_same(x);
    };
    EXPECT_TRUE(copied(product.slice(-1, 1, 1 + 8 * pack).unflatten(-1, {4, 2 * pack})));        // the address
    EXPECT_TRUE(copied(product.flatten().slice(0, 1, 1 + 2 * pack).view({1, 1, 1, 2 * pack})));  // only that
    EXPECT_TRUE(copied(at::ones({2, 3, 2, 2 * pack + 1}, dtype).slice(-1, 0, 2 * pack)));        // the steps
    EXPECT_TRUE(copied(product.unflatten(-1, {4, 3 * pack}).slice(-1, 0, 2 * pack, 2)));         // the last axis
    EXPECT_FALSE(copied(product.unflatten(-1, {4, 3 * pack}).slice(-1, 0, 2 * pack).slice(0, 0, 1)));
  }
}

TEST(GpuDemands, RefusalsNameWhatWasFound) {
  using ::testing::HasSubstr;
  EXPECT_EQ(refusal([] { model::check_capability(80, "x"); }), "");
  EXPECT_THAT(refusal([] { model::check_capability(75, "--device cuda: Tesla T4"); }),
              HasSubstr("--device cuda: Tesla T4 has compute capability 7.5; expected 8.0"));
  EXPECT_EQ(refusal([] { model::check_float8_capability(89, "x"); }), "");
  EXPECT_THAT(refusal([] { model::check_float8_capability(80, "NVIDIA A100"); }),
              HasSubstr("NVIDIA A100 has compute capability 8.0; expected 8.9"));
  EXPECT_EQ(refusal([] { model::check_float8_weight(48, 64); }), "");
  EXPECT_THAT(refusal([] { model::check_float8_weight(48, 40); }), HasSubstr("[48, 40]; expected multiples of 16"));
  EXPECT_THAT(refusal([] { model::check_float8_weight(8, 64); }), HasSubstr("[8, 64]"));
}

TEST(GpuDemands, TheEnvironmentDecidesNoPrecision) {
  EXPECT_EQ(refusal([] { model::check_tf32_override(nullptr); }), "");
  EXPECT_EQ(refusal([] { model::check_tf32_override("0"); }), "");
  EXPECT_THAT(refusal([] { model::check_tf32_override("1"); }), ::testing::HasSubstr("NVIDIA_TF32_OVERRIDE=1"));
  at::globalContext().setFloat32MatmulPrecision("high");  // what TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1 does
  at::globalContext().setAllowBF16ReductionCuBLAS(true);  // libtorch's default
  EXPECT_TRUE(model::product_numerics().tf32);
  EXPECT_TRUE(model::product_numerics().bf16_reduction);
  model::open_device("cpu");
  EXPECT_FALSE(model::product_numerics().tf32);
  EXPECT_FALSE(model::product_numerics().bf16_reduction);
}

}  // namespace
}  // namespace sinkscope::tests
