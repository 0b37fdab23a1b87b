#include "sinkscope/model/row_ops.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "../src/model/cpu/row_kernels.h"
#include "sinkscope/model/linear.h"
#include "tiny_model.h"

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
  const auto x = noise({3, 7, 5, 32}, at::kFloat).transpose(0, 1), w = noise({32}, at::kFloat, 6, 1);
  EXPECT_TRUE(at::equal(model::rms_norm(x, w, 1e-6), model::rms_norm(x.contiguous(), w, 1e-6)));
  EXPECT_TRUE(
      at::equal(model::rotate(x, angles(3, 32, at::kFloat)), model::rotate(x.contiguous(), angles(3, 32, at::kFloat))));
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
      const model::Linear linear(given, dtype);
      EXPECT_TRUE(at::equal(linear.weight(), given.to(dtype)));
      const auto wanted = at::linear(x.to(at::kDouble), given.to(dtype).to(at::kDouble));
      const double scale = wanted.abs().max().item<double>();
      EXPECT_LE(largest_difference(linear(x).to(at::kDouble), wanted),
                scale * (dtype == at::kFloat ? 2e-6 : 1.0 / 128));
    }
  }
}

}  // namespace
}  // namespace sinkscope::tests
