#include "sinkscope/model/row_ops.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "model/cpu/row_kernels.h"
#include "sinkscope/model/linear.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

at::Tensor noise(at::IntArrayRef shape, at::ScalarType dtype, uint64_t seed = 5, double size = 3) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::kFloat).mul(size).to(dtype);
}

/// Float32: sums in another order. Bfloat16: now and then a value that lies between two falls to the other side.
void expect_same(const at::Tensor& ours, const at::Tensor& wanted) {
  ASSERT_EQ(ours.scalar_type(), wanted.scalar_type());
  const auto scale = wanted.to(at::kFloat).abs().max().item<double>();
  const bool half = ours.scalar_type() == at::kBFloat16;
  EXPECT_LE(largest_difference(ours.to(at::kFloat), wanted.to(at::kFloat)), scale * (half ? 1.0 / 128 : 5e-7));
  if (half) {
    EXPECT_LE(ours.ne(wanted).to(at::kFloat).mean().item<double>(), 0.02);
  }
}

model::RotaryTable angles(int64_t T, int64_t h, at::ScalarType dtype) {
  const auto a = noise({T, h / 2}, at::kFloat, 8);
  const auto twice = at::cat({a, a}, -1);
  return {twice.cos().to(dtype), twice.sin().to(dtype)};
}

TEST(RowOps, AgreeWithThePlainOperations) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t h : {2, 16, 24, 40, 128}) {
      const auto x = noise({3, 7, 5, h}, dtype), w = noise({h}, dtype, 6, 1);
      const auto table = angles(7, h, dtype);
      expect_same(model::rms_norm(x, w, 1e-6), model::plain::rms_norm(x, w, 1e-6));
      expect_same(model::rotate(x, table), model::plain::rotate(x, table));
      expect_same(model::swiglu(x, noise({3, 7, 5, h}, dtype, 7)),
                  model::plain::swiglu(x, noise({3, 7, 5, h}, dtype, 7)));
    }
  }
}

TEST(RowOps, StridedInputIsReadAsItStands) {
  const auto w = noise({32}, at::kFloat, 6, 1);
  const auto turned = noise({3, 7, 5, 32}, at::kFloat).transpose(0, 1);  // tokens before samples
  const auto part = noise({7, 3, 9 * 32}, at::kFloat).split(5 * 32, -1)[0].unflatten(-1, {5, 32});  // of a product
  for (const auto& x : {turned, part}) {
    const auto table = angles(3, 32, at::kFloat);
    EXPECT_TRUE(at::equal(model::rms_norm(x, w, 1e-6), model::rms_norm(x.contiguous(), w, 1e-6)));
    EXPECT_TRUE(at::equal(model::rotate(x, table), model::rotate(x.contiguous(), table)));
    EXPECT_TRUE(at::equal(model::swiglu(x, x * 2), model::swiglu(x.contiguous(), x * 2)));
  }
}

TEST(RowOps, SumAndNormInOnePassGiveTheSameBits) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = noise({2, 9, 40}, dtype), y = noise({2, 9, 40}, dtype, 11), w = noise({40}, dtype, 6, 1);
    const auto [sum, normed] = model::add_rms_norm(x, y, w, 1e-6);
    EXPECT_TRUE(at::equal(sum, x + y));
    EXPECT_TRUE(at::equal(normed, model::rms_norm(x + y, w, 1e-6)));
  }
}

TEST(RowOps, Float8RowsReachTheLargestMagnitudeAndKeepThreeBits) {
  auto x = noise({4, 33}, at::kBFloat16);
  x[1].zero_();
  x[2] *= 1e-20;
  const auto [values, scale] = model::float8_rows(x);
  EXPECT_EQ(scale[1].item<float>(), 1e-12F);
  const auto back = values.to(at::kFloat) * scale.unsqueeze(1), exact = x.to(at::kFloat);
  EXPECT_EQ(values[0].to(at::kFloat).abs().max().item<float>(), 448.0F);
  const auto smallest = exact.abs().amax(-1, true) / 448 / 64;  // a normal float8, halved from there on
  const auto bound = at::maximum(exact.abs(), smallest) / 16;
  EXPECT_TRUE(((back - exact).abs() <= bound * 1.0001 + 1e-12).all().item<bool>());
}

TEST(RowOps, NormAndRotationInOnePassGiveTheSameBits) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = noise({2, 9, 3, 20}, dtype), w = noise({20}, dtype, 6, 1);
    const auto table = angles(9, 20, dtype);
    EXPECT_TRUE(
        at::equal(model::rms_norm_rotate(x, w, 1e-5, table), model::rotate(model::rms_norm(x, w, 1e-5), table)));
  }
}

TEST(RowOps, GatesFarFromZeroStayFinite) {
  const auto gate = at::tensor({-1e30, -200.0, -88.0, -1e-30, 0.0, 88.0, 200.0, 1e30}, at::kFloat);
  const auto out = model::swiglu(gate, at::ones_like(gate));
  EXPECT_LE(largest_difference(out.slice(0, 1, 7), at::silu(gate).slice(0, 1, 7)), 1e-5);
  EXPECT_TRUE(out.isfinite().all().item<bool>());
  EXPECT_TRUE(model::swiglu(at::full({3}, NAN), at::ones({3})).isnan().all().item<bool>());
}

template <typename T>
void expect_same_bits_everywhere(at::ScalarType dtype) {
  const auto x = noise({70}, dtype), w = noise({70}, dtype, 6);
  const auto* in = static_cast<const T*>(x.const_data_ptr());
  const auto* weight = static_cast<const T*>(w.const_data_ptr());
  std::vector<T> a(70), b(70);
  const auto same = [&] { return std::memcmp(a.data(), b.data(), 70 * sizeof(T)) == 0; };
  const auto& ours = model::row_kernels<T>();
  const auto& portable = model::row_kernels<T>(/*portable=*/true);
  ours.rms_norm(in, weight, 1e-6F, 70, a.data());
  portable.rms_norm(in, weight, 1e-6F, 70, b.data());
  EXPECT_TRUE(same());
  ours.rotate(in, weight, in, 70, a.data());
  portable.rotate(in, weight, in, 70, b.data());
  EXPECT_TRUE(same());
  ours.swiglu(in, weight, 70, a.data());
  portable.swiglu(in, weight, 70, b.data());
  EXPECT_TRUE(same());
}

TEST(RowKernels, GiveTheSameBitsOnEveryMachine) {
  if (!model::has_avx512()) GTEST_SKIP() << "no AVX-512: there is one version only";
  expect_same_bits_everywhere<float>(at::kFloat);
  expect_same_bits_everywhere<uint16_t>(at::kBFloat16);
  std::vector<float> a(77), b(77);
  for (size_t i = 0; i < a.size(); ++i) a[i] = b[i] = std::sin(static_cast<float>(i)) * 30;
  const auto x = model::softmax_kernels().exponentials(a.data(), 77, 0.7F);
  const auto y = model::softmax_kernels(/*portable=*/true).exponentials(b.data(), 77, 0.7F);
  EXPECT_EQ(a, b);
  EXPECT_EQ(x.sum, y.sum);
  EXPECT_EQ(x.largest, y.largest);
}

TEST(RowKernels, ExponentialsAreWithinThreeUnitsInTheLastPlace) {
  for (const bool portable : {false, true}) {
    std::vector<float> x(4001);
    for (size_t i = 0; i < x.size(); ++i) x[i] = -0.02F * static_cast<float>(i);
    auto e = x;
    model::softmax_kernels(portable).exponentials(e.data(), static_cast<int64_t>(e.size()), 1);
    for (size_t i = 0; i < x.size(); ++i) {
      const double wanted = std::exp(static_cast<double>(x[i]));
      EXPECT_LE(std::abs(e[i] - wanted), 3 * std::numeric_limits<float>::epsilon() * wanted) << x[i];
    }
  }
}

TEST(Linear, AgreesWithThePlainProductAndKeepsItsWeight) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const auto& [out, in] : {std::pair{1, 1}, {7, 3}, {56, 40}, {257, 129}}) {
      const auto given = noise({out, in}, at::kFloat, 9, 1), x = noise({2, 5, in}, dtype, 10, 1);
      const model::Linear linear({given}, dtype);
      EXPECT_TRUE(at::equal(linear.weight(), given.to(dtype)));
      const auto wanted = at::linear(x.to(at::kDouble), given.to(dtype).to(at::kDouble));
      const double scale = wanted.abs().max().item<double>();
      EXPECT_LE(largest_difference(linear(x).to(at::kDouble), wanted),
                scale * (dtype == at::kFloat ? 2e-6 : 1.0 / 128));
    }
  }
}

/// More rows, outputs and terms than a block has, by some; a bias; rows of x that lie in wider ones.
TEST(Linear, BlocksMayEndAnywhere) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const auto& [rows, out, in] : {std::tuple{129, 65, 257}, {300, 130, 128}, {1, 64, 129}, {128, 3, 384}}) {
      const auto weight = noise({out, in}, dtype, 9, 1), bias = noise({out}, dtype, 11, 1);
      const auto x = noise({rows, in + 5}, dtype, 10, 1).slice(1, 2, 2 + in);
      const auto wanted = at::linear(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
      const auto ours = model::Linear({weight}, dtype, {bias})(x).to(at::kDouble);
      EXPECT_LE(largest_difference(ours, wanted),
                wanted.abs().max().item<double>() * (dtype == at::kFloat ? 2e-6 : 1.0 / 128));
    }
  }
}

/// One chain over 8,192 terms would be 1e-6 from float64; MKL's partial sums of 192 are 2.6e-7 from it.
TEST(Linear, Float32SumsInParts) {
  const auto weight = noise({96, 8192}, at::kFloat, 9, 1), x = noise({64, 8192}, at::kFloat, 10, 1);
  const auto wanted = at::linear(x.to(at::kDouble), weight.to(at::kDouble));
  const auto ours = model::Linear({weight}, at::kFloat)(x).to(at::kDouble);
  EXPECT_LE(((ours - wanted).norm() / wanted.norm()).item<double>(), 5e-7);
}

TEST(Linear, SeveralWeightsAreOneProductInParts) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto a = noise({48, 64}, dtype, 9, 1), b = noise({16, 64}, dtype, 12, 1), x = noise({2, 5, 64}, dtype, 10, 1);
    const model::Linear linear({a, b}, dtype);
    const auto parts = linear.each(x);
    expect_same(parts[0], at::linear(x, a));
    expect_same(parts[1], at::linear(x, b));
    EXPECT_TRUE(at::equal(linear.weight(0), a));
    EXPECT_TRUE(at::equal(linear.weight(1), b));
  }
}

/// Against the product of what float8 keeps of both sides; the distance to the exact product is what the scales
/// promise.
TEST(Linear, Float8MultipliesTheRoundedRows) {
  const auto a = noise({48, 64}, at::kFloat, 9, 1), b = noise({16, 64}, at::kFloat, 12, 1);
  const auto x = noise({2, 5, 64}, at::kBFloat16, 10, 1);
  const model::Linear linear({a, b}, at::kFloat8_e4m3fn);
  const auto kept = model::plain::float8_rows(x.flatten(0, 1));
  const auto seen = (kept.values.to(at::kDouble) * kept.scale.unsqueeze(1)).view({2, 5, 64});
  const auto weight = at::cat({linear.weight(0), linear.weight(1)}).to(at::kDouble);
  EXPECT_EQ(linear(x).scalar_type(), at::kBFloat16);
  const auto ours = at::cat(linear.each(x), -1).to(at::kDouble), wanted = at::linear(seen, weight);
  EXPECT_LE(largest_difference(ours, wanted), wanted.abs().max().item<double>() / 64);
  const auto exact = at::linear(x.to(at::kDouble), at::cat({a, b}).to(at::kDouble));
  const double error = ((ours - exact).norm() / exact.norm()).item<double>();
  EXPECT_GT(error, 0.005);  // 3 bits of mantissa on both sides: about 0.035
  EXPECT_LT(error, 0.06);
}

}  // namespace
}  // namespace sinkscope::tests
