// The CUDA kernels against their plain twins, and a whole pass against the CPU's; skipped where no GPU is.

#include "sinkscope/model/attention.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/linear.h"
#include "sinkscope/model/row_ops.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!model::open_device("auto").is_cuda()) GTEST_SKIP() << "no GPU";
  }
  static at::Tensor noise(at::IntArrayRef shape, at::ScalarType dtype, uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    return at::randn(shape, generator, at::kFloat).to(dtype).to(at::kCUDA);
  }
  /// Of the largest value: float32 rounding, or one bfloat16 step.
  static void expect_same(const at::Tensor& ours, const at::Tensor& wanted) {
    const double scale = wanted.to(at::kFloat).abs().max().item<double>();
    const double bar = ours.scalar_type() == at::kBFloat16 ? 1.0 / 128 : 2e-6;
    EXPECT_LE(largest_difference(ours.to(at::kFloat), wanted.to(at::kFloat)), scale * bar);
  }
};

/// A sweep writes down what it runs on before it loads a weight.
TEST_F(Cuda, MemoryIsToldBeforeThereIsATensor) {
  EXPECT_GE(model::peak_memory({c10::kCUDA, 0}), 0);
  EXPECT_GT(model::free_memory({c10::kCUDA, 0}), 0);
}

TEST_F(Cuda, RowKernelsAgreeWithTheirTwins) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t h : {2, 24, 40, 128, 512}) {
      const auto x = noise({3, 7, 5, h}, dtype, 1), w = noise({h}, dtype, 2);
      const auto half = noise({7, h / 2}, at::kFloat, 3);
      const auto angles = at::cat({half, half}, -1);
      const model::RotaryTable table{angles.cos().to(dtype), angles.sin().to(dtype)};
      expect_same(model::rms_norm(x, w, 1e-6), model::plain::rms_norm(x, w, 1e-6));
      expect_same(model::rotate(x, table), model::plain::rotate(x, table));
      EXPECT_TRUE(
          at::equal(model::rms_norm_rotate(x, w, 1e-6, table), model::rotate(model::rms_norm(x, w, 1e-6), table)));
      expect_same(model::swiglu(x, x * 2), model::plain::swiglu(x, x * 2));
      const auto [sum, normed] = model::add_rms_norm(x, x * 2, w, 1e-6);
      EXPECT_TRUE(at::equal(sum, x + x * 2));
      EXPECT_TRUE(at::equal(normed, model::rms_norm(sum, w, 1e-6)));
    }
  }
}

TEST_F(Cuda, PartsOfAProductAreReadAsTheyLie) {
  const auto part = noise({7, 3, 9 * 32}, at::kBFloat16, 7).split(5 * 32, -1)[0].unflatten(-1, {5, 32});
  const auto w = noise({32}, at::kBFloat16, 2);
  const auto half = noise({3, 16}, at::kBFloat16, 3);
  const model::RotaryTable table{at::cat({half, half}, -1), at::cat({half, half}, -1)};
  EXPECT_TRUE(at::equal(model::rms_norm_rotate(part, w, 1e-6, table),
                        model::rms_norm_rotate(part.contiguous(), w, 1e-6, table)));
  EXPECT_TRUE(at::equal(model::swiglu(part, part), model::swiglu(part.contiguous(), part.contiguous())));
}

/// Rows that begin between the addresses from which a kernel reads several values at once.
TEST_F(Cuda, RowsMayBeginAnywhere) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto x = noise({5, 3, 65}, dtype, 11).slice(-1, 1), w = noise({65}, dtype, 12).slice(0, 1);
    expect_same(model::rms_norm(x, w, 1e-6),
                model::rms_norm(x.contiguous(), w.clone(), 1e-6));  // sums in another order
    EXPECT_TRUE(at::equal(model::swiglu(x, x), model::swiglu(x.contiguous(), x.contiguous())));
  }
}

TEST_F(Cuda, Float8AgreesWithItsTwins) {
  const auto x = noise({40, 64}, at::kBFloat16, 8);
  const auto ours = model::float8_rows(x);
  const auto wanted = model::plain::float8_rows(x.cpu());  // ATen divides by 448 on a CPU, on a GPU it takes 1 / 448
  EXPECT_TRUE(at::equal(ours.scale.cpu(), wanted.scale));
  EXPECT_TRUE(at::equal(ours.values.cpu().to(at::kFloat), wanted.values.to(at::kFloat)));
  const auto a = noise({48, 64}, at::kBFloat16, 9), b = noise({16, 64}, at::kBFloat16, 10);
  const model::Linear gpu({a, b}, at::kFloat8_e4m3fn), cpu({a.cpu(), b.cpu()}, at::kFloat8_e4m3fn);
  for (const int part : {0, 1}) expect_same(gpu.each(x)[part].cpu(), cpu.each(x.cpu())[part]);
}

TEST_F(Cuda, ColumnsAgreeWithTheirTwin) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::Heads heads{noise({2, 70, 6, 16}, dtype, 4), noise({2, 70, 2, 16}, dtype, 5),
                             noise({2, 70, 2, 16}, dtype, 6)};
    const auto fused = model::fused_attention(heads, {.keys = {0, 5, 69}});
    const auto keys = at::tensor({0, 5, 69}, at::kLong).to(at::kCUDA);
    EXPECT_LE(largest_difference(fused.columns, model::attention_columns_by_products(heads, fused.lse, keys)), 5e-6);
  }
}

/// Heads whose width the library's kernels do not take as they are.
TEST_F(Cuda, FusedAttentionTakesHeadsOfAnyWidth) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::Heads heads{noise({2, 33, 4, 20}, dtype, 13), noise({2, 33, 2, 20}, dtype, 14),
                             noise({2, 33, 2, 20}, dtype, 15)};
    const model::Heads on_cpu{heads.q.cpu().to(at::kFloat), heads.k.cpu().to(at::kFloat), heads.v.cpu().to(at::kFloat)};
    const auto ours = model::library_attention(heads, {.keys = {0, 7}}),
               wanted = model::library_attention(on_cpu, {.keys = {0, 7}});
    expect_same(ours.z.cpu(), wanted.z);
    EXPECT_LE(largest_difference(ours.columns.cpu(), wanted.columns), 5e-6);
  }
}

/// Flash attention ends at 256; wider heads and float64 take the ways behind it.
TEST_F(Cuda, FusedAttentionTakesWideHeadsAndFloat64) {
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kDouble}) {
    for (const int64_t h : {256, 264, 300, 512}) {
      const model::Heads heads{noise({2, 33, 4, h}, dtype, 16), noise({2, 33, 2, h}, dtype, 17),
                               noise({2, 33, 2, h}, dtype, 18)};
      const model::Heads on_cpu{heads.q.cpu().to(at::kFloat), heads.k.cpu().to(at::kFloat),
                                heads.v.cpu().to(at::kFloat)};
      const auto ours = model::library_attention(heads, {.keys = {0, 7}}),
                 wanted = model::library_attention(on_cpu, {.keys = {0, 7}});
      const double bar = dtype == at::kBFloat16 ? 3e-2 : 2e-5;  // of values up to 4: a step, and 512 terms a score
      EXPECT_EQ(ours.z.scalar_type(), dtype);
      EXPECT_LE(largest_difference(ours.z.cpu().to(at::kFloat), wanted.z), bar) << h;
      EXPECT_LE(largest_difference(ours.lse.cpu(), wanted.lse), 5e-5) << h;
      EXPECT_LE(largest_difference(ours.columns.cpu(), wanted.columns), 5e-5) << h;
    }
  }
}

/// Heads that begin between multiples of 16 bytes, or whose last axis has gaps: an edit may give such.
TEST_F(Cuda, FusedAttentionTakesHeadsThatLieAnywhere) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto q = noise({2, 33, 4, 65}, dtype, 19).slice(-1, 1),
               k = noise({2, 33, 2, 128}, dtype, 20).slice(-1, 0, 128, 2);
    const auto v = noise({2, 64, 2, 33}, dtype, 21).transpose(1, 3);
    const auto ours = model::library_attention({q, k, v}, {.keys = {0, 7}});
    const auto wanted = model::library_attention({q.contiguous(), k.contiguous(), v.contiguous()}, {.keys = {0, 7}});
    EXPECT_TRUE(at::equal(ours.z, wanted.z));
    EXPECT_TRUE(at::equal(ours.lse, wanted.lse));
    EXPECT_LE(largest_difference(ours.columns, wanted.columns), 5e-6);  // sums in another order
  }
}

/// The log-sum-exp is [n, H, T] float32 without padding, also where flash attention swaps the group and the only query.
TEST_F(Cuda, TheLogSumExpHasTheShapeOfTheRows) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t T : {1, 2, 31, 129}) {
      const model::Heads heads{noise({2, T, 6, 16}, dtype, 22), noise({2, T, 2, 16}, dtype, 23),
                               noise({2, T, 2, 16}, dtype, 24)};
      const auto ours = model::library_attention(heads, {.keys = {0}});
      EXPECT_EQ(ours.lse.sizes(), (std::vector<int64_t>{2, 6, T}));
      EXPECT_EQ(ours.lse.scalar_type(), at::kFloat);
      const auto wanted = model::attention_by_parts(heads, {.keys = {0}});
      EXPECT_LE(largest_difference(ours.lse, wanted.lse), 5e-5) << T;
      EXPECT_LE(largest_difference(ours.columns, wanted.columns), 5e-5) << T;
    }
  }
}

/// More samples than a grid's second and third axis have places.
TEST_F(Cuda, FusedAttentionTakesManySamples) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::Heads heads{noise({65537, 2, 2, 8}, dtype, 25), noise({65537, 2, 1, 8}, dtype, 26),
                             noise({65537, 2, 1, 8}, dtype, 27)};
    const auto ours = model::fused_attention(heads, {.keys = {0}});
    const auto last = [](const at::Tensor& x) { return x.slice(0, 65535); };
    const auto wanted = model::fused_attention({last(heads.q), last(heads.k), last(heads.v)}, {.keys = {0}});
    EXPECT_TRUE(at::equal(last(ours.z), wanted.z));
    EXPECT_TRUE(at::equal(last(ours.columns), wanted.columns));
  }
}

/// One row is the least that a float8 product is asked for.
TEST_F(Cuda, Float8TakesOneRow) {
  const auto a = noise({48, 64}, at::kBFloat16, 28), x = noise({1, 64}, at::kBFloat16, 29);
  const model::Linear gpu({a}, at::kFloat8_e4m3fn), cpu({a.cpu()}, at::kFloat8_e4m3fn);
  expect_same(gpu(x).cpu(), cpu(x.cpu()));
}

TEST_F(Cuda, FloatProductsAreOfFloats) {
  at::globalContext().setFloat32MatmulPrecision("high");  // as an environment variable of libtorch's may have it
  model::open_device("cuda");
  const auto x = noise({256, 256}, at::kFloat, 30), y = noise({256, 256}, at::kFloat, 31);
  const auto exact = at::matmul(x.cpu().to(at::kDouble), y.cpu().to(at::kDouble));
  EXPECT_LE((at::matmul(x, y).cpu() - exact).abs().max().item<double>(), 1e-4);  // TF32's error is 1e-2
}

TEST_F(Cuda, APassAgreesWithTheCpus) {
  const auto cpu = tiny_model(), gpu = tiny_model(tiny_config(), 1, at::kFloat, at::kCUDA);
  const auto ids = tiny_ids(3, 40);
  const auto wanted = read_site(cpu, ids, {model::Point::logits});
  const auto ours = read_site(gpu, ids, {model::Point::logits}).cpu();
  EXPECT_LE(largest_difference(ours, wanted), 1e-5 * wanted.abs().max().item<double>());
}

}  // namespace
}  // namespace sinkscope::tests
