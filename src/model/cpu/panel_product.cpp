// Products of float32 on a CPU: panels of 64 outputs against blocks of rows, by oneDNN's block products (brgemm) as
// ATen exports them.

#include "model/cpu/panel_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>

#include "model/cpu/row_kernels.h"

namespace sinkscope::model {
namespace {

namespace blas = at::native::cpublas;

constexpr int64_t kPanel = 64;   // outputs
constexpr int64_t kRows = 128;   // 64 and 128 were tried: alike
constexpr int64_t kTerms = 128;  // of a partial sum: fewer are more exact; 128 take 1.02 times as long as one chain

void start_rows(float* y, int64_t rows, int64_t stride, int64_t count, const float* bias) {
  for (int64_t row = 0; row < rows; ++row) std::copy_n(bias, count, y + row * stride);
}

}  // namespace

at::Tensor pack_panels(const at::Tensor& weight) {
  const int64_t out = weight.size(0), in = weight.size(1), panels = (out + kPanel - 1) / kPanel;
  const auto given = weight.contiguous();
  auto packed = at::empty({panels, in, kPanel}, weight.options());
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel) {
      auto rows = given.slice(0, panel * kPanel, std::min(out, (panel + 1) * kPanel));
      if (rows.size(0) < kPanel) rows = at::constant_pad_nd(rows, {0, 0, 0, kPanel - rows.size(0)});
      softmax_kernels().transpose(static_cast<const uint32_t*>(rows.const_data_ptr()), in, kPanel, in,
                                  static_cast<uint32_t*>(packed.mutable_data_ptr()) + panel * in * kPanel);
    }
  });
  return packed;
}

at::Tensor panel_product(const at::Tensor& x, const at::Tensor& panels, int64_t out, const at::Tensor& bias) {
  const int64_t rows = x.size(0), in = x.size(1), blocks = (rows + kRows - 1) / kRows;
  auto y = at::empty({rows, out}, x.options());
  const float* from = x.const_data_ptr<float>();
  const float* weights = panels.const_data_ptr<float>();
  float* to = y.data_ptr<float>();
  at::parallel_for(0, blocks * panels.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t panel = i / blocks, row = i % blocks * kRows, first = panel * kPanel;
      const int64_t m = std::min(kRows, rows - row), n = std::min(kPanel, out - first);
      float* tile = to + row * out + first;
      if (bias.defined()) start_rows(tile, m, out, n, bias.const_data_ptr<float>() + first);
      for (int64_t term = 0; term < in; term += kTerms) {
        blas::brgemm(m, n, std::min(kTerms, in - term), x.stride(0), kPanel, out, /*add_C=*/bias.defined() || term > 0,
                     from + row * x.stride(0) + term, weights + (panel * in + term) * kPanel, tile, /*is_vnni=*/false);
      }
    }
    blas::brgemm_release(false);
  });
  return y;
}

}  // namespace sinkscope::model
