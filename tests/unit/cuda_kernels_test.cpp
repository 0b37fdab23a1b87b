// The CUDA kernels of rows, run on a CPU, against their twins: indices and arithmetic, not the hardware.

#include <array>

#include "model/cuda/rows.cuh"
#include "sinkscope/model/row_ops.h"
#include "tests/support/guarded.h"
#include "tests/support/kernel_twins.h"

namespace sinkscope::tests {
namespace {

enum class Work { norm, rotate, norm_rotate, add_norm };
constexpr Work kWorks[] = {Work::norm, Work::rotate, Work::norm_rotate, Work::add_norm};

struct RowCase {
  at::ScalarType dtype;
  Work work;
  int64_t samples = 1, tokens = 1, heads = 1, width = 64;
  int64_t gap = 0;                    // between the tokens of x
  std::array<int64_t, 7> shift = {};  // of x, y, weight, cos, sin, sum, out
  double size = 1;                    // of x and y
};

std::ostream& operator<<(std::ostream& out, const RowCase& c) {
  return out << c.dtype << " work " << static_cast<int>(c.work) << " of [" << c.samples << ", " << c.tokens << ", "
             << c.heads << ", " << c.width << "] with gap " << c.gap << ", shift " << at::IntArrayRef(c.shift)
             << ", size " << c.size;
}

void check_row_work(const RowCase& c) {
  SCOPED_TRACE(testing::PrintToString(c));
  const bool adds = c.work == Work::add_norm, norms = c.work != Work::rotate,
             rotates = c.work == Work::rotate || c.work == Work::norm_rotate;
  const int64_t all_tokens = c.samples * c.tokens, rows = all_tokens * c.heads;
  const Input x(noise({all_tokens, c.heads * c.width}, c.dtype, 1) * c.size, {c.gap, c.shift[0]});
  const Input y(noise({rows, c.width}, c.dtype, 2) * c.size, {0, c.shift[1]});
  const Input weight(noise({1, c.width}, c.dtype, 3), {0, c.shift[2]});
  const Input cos(noise({c.tokens, c.width}, c.dtype, 4), {0, c.shift[3]});
  const Input sin(noise({c.tokens, c.width}, c.dtype, 5), {0, c.shift[4]});
  const Output sum(rows, c.width, c.dtype, {0, c.shift[5]}), out(rows, c.width, c.dtype, {0, c.shift[6]});
  launch_row_work({.x = x.data(),
                   .y = adds ? y.data() : nullptr,
                   .sum = adds ? sum.data() : nullptr,
                   .weight = norms ? weight.data() : nullptr,
                   .cos = rotates ? cos.data() : nullptr,
                   .sin = rotates ? sin.data() : nullptr,
                   .out = out.data(),
                   .rows = rows,
                   .width = c.width,
                   .heads = c.heads,
                   .stride = x.stride(),
                   .tokens = rotates ? c.tokens : 1,
                   .eps = 1e-6f},
                  element_of(c.dtype), nullptr);

  auto wanted = x.rows().reshape({c.samples, c.tokens, c.heads, c.width});
  if (adds) {
    wanted = wanted + y.rows().view(wanted.sizes());
    EXPECT_TRUE(at::equal(sum.rows(), wanted.view({rows, c.width})));
    EXPECT_TRUE(sum.is_filled());
  }
  if (norms) wanted = model::plain::rms_norm(wanted, weight.rows()[0], 1e-6);
  if (rotates) wanted = model::plain::rotate(wanted, {cos.rows(), sin.rows()});
  EXPECT_TRUE(out.is_filled());
  wanted = wanted.view({rows, c.width});
  if (norms) {
    expect_same(out.rows(), wanted);
  } else {
    EXPECT_TRUE(at::equal(out.rows(), wanted));
  }
}

/// Every kernel that there is for a product of widths of packs, types and lanes.
void expect_kernels_launched(size_t n) {
  EXPECT_EQ(cuda_on_cpu::kernels_launched().size(), n);
}

TEST_F(CudaKernels, RowWorkAgreesWithItsTwins) {
  cuda_on_cpu::kernels_launched().clear();
  for (const auto dtype : kKernelTypes) {
    for (const Work work : kWorks) {
      for (const int64_t width : {1, 2, 6, 8, 16, 20, 24, 40, 64, 65, 66, 128, 130, 256, 260, 512, 520, 1040}) {
        if (width % 2 && (work == Work::rotate || work == Work::norm_rotate)) continue;
        for (const int64_t gap : {0, 3, 4, 8}) {
          check_row_work({dtype, work, 1, 1, 1, width, gap});
          check_row_work({dtype, work, 2, 7, 3, width, gap});
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
  expect_kernels_launched(10);  // 8 and 32 lanes; packs of 4, 1 of float32, of 8, 4, 1 of bfloat16
}

TEST_F(CudaKernels, RowsMayBeginAnywhere) {
  for (const auto dtype : kKernelTypes) {
    for (const Work work : kWorks) {
      for (const size_t shifted : {0, 1, 2, 3, 4, 5, 6}) {
        for (const int64_t shift : {1, 4}) {
          RowCase c{dtype, work, 2, 7, 3, 64};
          c.shift[shifted] = shift;
          check_row_work(c);
        }
      }
    }
  }
}

/// Squares that vanish beside eps, and such as come near the largest float32.
TEST_F(CudaKernels, RowsMayBeTinyOrLarge) {
  for (const auto dtype : kKernelTypes) {
    for (const Work work : kWorks) {
      for (const double size : {0.0, 1e-39, 1e-20, 1e17}) check_row_work({dtype, work, 2, 3, 2, 40, 0, {}, size});
    }
  }
}

struct GatedCase {
  at::ScalarType dtype;
  int64_t rows, width;
  Layout gate, up, out;
  double size = 1;
};

void check_swiglu(const GatedCase& c) {
  SCOPED_TRACE(testing::Message() << c.dtype << " [" << c.rows << ", " << c.width << "] gaps " << c.gate.gap << ", "
                                  << c.up.gap << " shifts " << c.gate.shift << ", " << c.up.shift << ", " << c.out.shift
                                  << " size " << c.size);
  const Input gate(noise({c.rows, c.width}, c.dtype, 1) * c.size, c.gate),
      up(noise({c.rows, c.width}, c.dtype, 2), c.up);
  const Output out(c.rows, c.width, c.dtype, c.out);
  launch_swiglu({gate.data(), up.data(), out.data(), c.rows, c.width, gate.stride(), up.stride()}, element_of(c.dtype),
                nullptr);
  EXPECT_TRUE(out.is_filled());
  expect_same(out.rows(), model::plain::swiglu(gate.rows(), up.rows()));
}

TEST_F(CudaKernels, SwigluAgreesWithItsTwin) {
  cuda_on_cpu::kernels_launched().clear();
  for (const auto dtype : kKernelTypes) {
    for (const int64_t width : {1, 3, 4, 6, 8, 20, 24, 65, 128, 130, 257, 1028, 1030, 2056, 2060}) {
      for (const int64_t rows : {1, 5}) {
        for (const int64_t gap : {0, 3, 4, 8}) check_swiglu({dtype, rows, width, {gap}, {width + gap}, {}});
        for (const int64_t shift : {1, 4}) {
          check_swiglu({dtype, rows, width, {0, shift}, {}, {}});
          check_swiglu({dtype, rows, width, {}, {0, shift}, {}});
          check_swiglu({dtype, rows, width, {}, {}, {0, shift}});
        }
        check_swiglu({dtype, rows, width, {3, 0}, {}, {}});
        check_swiglu({dtype, rows, width, {}, {3, 0}, {}});
        for (const double size : {0.0, 1e-39, 100.0, 1e30}) check_swiglu({dtype, rows, width, {}, {}, {}, size});
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  expect_kernels_launched(5);  // packs of 4, 1 of float32, of 8, 4, 1 of bfloat16
}

/// A grid has at most 65,535 blocks in the direction that rows take.
TEST_F(CudaKernels, SwigluTakesAnyNumberOfRows) {
  check_swiglu({at::kFloat, 2 * 65535 + 3, 2, {}, {}, {}});
}

/// Rows of all sizes: of float32's largest values, of its smallest, below the least scale, and of zeros.
TEST_F(CudaKernels, Float8RowsAgreeWithTheirTwin) {
  cuda_on_cpu::kernels_launched().clear();
  const auto sizes = at::tensor({1.0, 1e37, 1e-20, 1e-37, 1e-41, 0.0, 448.0}).unsqueeze(1);
  for (const auto dtype : kKernelTypes) {
    for (const int64_t width : {1, 3, 4, 6, 8, 20, 24, 65, 128, 130, 257, 1028, 1030, 2056, 2060, 4100}) {
      for (const int64_t rows : {1, 10}) {
        for (const auto& [shift_of_x, shift_of_values] : {std::pair{0, 0}, {1, 0}, {4, 0}, {0, 1}, {0, 4}}) {
          SCOPED_TRACE(testing::Message() << dtype << " [" << rows << ", " << width << "] shifts " << shift_of_x << ", "
                                          << shift_of_values);
          const auto factors = sizes.repeat({rows / 7 + 1, 1}).slice(0, 0, rows);
          const Input x((noise({rows, width}, at::kFloat, 1) * factors).to(dtype), {0, shift_of_x});
          const Output values(rows, width, at::kByte, {0, shift_of_values}), scale(rows, 1, at::kFloat);
          launch_float8_rows(x.data(), values.data(), static_cast<float*>(scale.data()), rows, width, element_of(dtype),
                             nullptr);
          const auto wanted = model::plain::float8_rows(x.rows());
          EXPECT_TRUE(values.is_filled() && scale.is_filled());
          EXPECT_TRUE(at::equal(scale.rows().squeeze(1), wanted.scale));
          EXPECT_TRUE(at::equal(values.rows(), wanted.values.view(at::kByte)));
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
  expect_kernels_launched(5);  // packs of 4, 1 of float32, of 8, 4, 1 of bfloat16
}

}  // namespace
}  // namespace sinkscope::tests
