#include "sinkscope/model/row_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "model/cpu/row_kernels.h"
#include "sinkscope/model/device.h"

namespace sinkscope::model {

namespace plain {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const auto x32 = x.to(at::kFloat);
  const auto rescaled = x32 * at::rsqrt(x32.square().mean(-1, /*keepdim=*/true) + eps);
  return weight * rescaled.to(x.scalar_type());
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
  const int64_t half = x.size(-1) / 2;
  const auto turned = at::cat({-x.slice(-1, half), x.slice(-1, 0, half)}, -1);
  return x * table.cos.unsqueeze(1) + turned * table.sin.unsqueeze(1);
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  return at::silu(gate) * up;
}

Float8Rows float8_rows(const at::Tensor& x) {
  const auto x32 = x.to(at::kFloat);
  const auto scale = x32.abs().amax(-1).div(448).clamp_min(1e-12);
  return {x32.div(scale.unsqueeze(-1)).to(at::kFloat8_e4m3fn), scale};
}

}  // namespace plain

namespace {

constexpr int64_t kGrain = 1 << 14;  // values a thread takes at least

bool has_kernels(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
}

/// `f` gets a value of the type that holds x's elements: float, or uint16_t for bfloat16.
template <typename F>
void of_type(const at::Tensor& x, const F& f) {
  x.scalar_type() == at::kFloat ? f(float{}) : f(uint16_t{});
}

template <typename T>
const T* data(const at::Tensor& x) {
  return x.defined() ? static_cast<const T*>(x.const_data_ptr()) : nullptr;
}

/// What the loops run over: x [tokens, heads, width], head vectors without gaps, tokens anywhere, as they lie in a
/// product of several weights.
at::Tensor as_rows(const at::Tensor& x, bool has_heads) {
  const auto rows = has_heads ? x.flatten(0, 1) : x.reshape({-1, 1, x.size(-1)});
  return rows.stride(2) == 1 && rows.stride(1) == rows.size(2) ? rows : rows.contiguous();
}

/// y is added first, then comes the norm, then the rotation; each where its tensor is defined.
struct RowWork {
  at::Tensor y{}, weight{};
  double eps = 0;
  RotaryTable table{};
  at::Tensor sum{};  // x + y
};

template <typename T>
void work_on_rows(const at::Tensor& x, int64_t tokens, const RowWork& w, at::Tensor& out) {
  const int64_t width = x.size(2), heads = x.size(1);
  const auto& kernels = row_kernels<T>();
  T* const sums = w.sum.defined() ? static_cast<T*>(w.sum.mutable_data_ptr()) : nullptr;
  T* const outs = static_cast<T*>(out.mutable_data_ptr());
  at::parallel_for(0, x.size(0) * heads, std::max<int64_t>(1, kGrain / width), [&](int64_t begin, int64_t end) {
    std::vector<T> normed(width);
    for (int64_t row = begin; row < end; ++row) {
      const T* from = data<T>(x) + row / heads * x.stride(0) + row % heads * width;
      T* const to = outs + row * width;
      if (sums) {
        kernels.add(from, data<T>(w.y) + row * width, width, sums + row * width);
        from = sums + row * width;
      }
      if (w.weight.defined()) {
        T* into = w.table.cos.defined() ? normed.data() : to;
        kernels.rms_norm(from, data<T>(w.weight), static_cast<float>(w.eps), width, into);
        from = into;
      }
      const int64_t angles = row / heads % tokens * width;
      if (w.table.cos.defined()) {
        kernels.rotate(from, data<T>(w.table.cos) + angles, data<T>(w.table.sin) + angles, width, to);
      }
    }
  });
}

at::Tensor work_on(const at::Tensor& x, const RowWork& work) {
  const bool rotates = work.table.cos.defined();
  const auto rows = as_rows(x, rotates);
  auto out = at::empty(x.sizes(), x.options());
  if (x.is_cuda()) {
    cuda_row_work(rows, work.y, work.sum, work.weight, work.eps, work.table.cos, work.table.sin,
                  rotates ? x.size(1) : 1, out);
  } else {
    of_type(x, [&](auto type) { work_on_rows<decltype(type)>(rows, rotates ? x.size(1) : 1, work, out); });
  }
  return out;
}

}  // namespace

at::Tensor as_matrix(const at::Tensor& x) {
  const auto rows = x.reshape({-1, x.size(-1)});
  return rows.stride(1) == 1 ? rows : rows.contiguous();
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (!has_kernels(x)) return plain::rms_norm(x, weight, eps);
  return work_on(x, {.weight = weight.contiguous(), .eps = eps});
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
  return has_kernels(x) ? work_on(x, {.table = table}) : plain::rotate(x, table);
}

at::Tensor rms_norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable& table) {
  if (!has_kernels(x)) return plain::rotate(plain::rms_norm(x, weight, eps), table);
  return work_on(x, {.weight = weight.contiguous(), .eps = eps, .table = table});
}

SumAndNorm add_rms_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double eps) {
  if (!has_kernels(x)) return {x + y, plain::rms_norm(x + y, weight, eps)};
  const auto sum = at::empty(x.sizes(), x.options());
  return {sum, work_on(x, {.y = y.contiguous(), .weight = weight.contiguous(), .eps = eps, .sum = sum})};
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!has_kernels(gate)) return plain::swiglu(gate, up);
  const auto g = as_matrix(gate), u = as_matrix(up);
  auto out = at::empty(gate.sizes(), gate.options());
  if (gate.is_cuda()) {
    cuda_swiglu(g, u, out);
    return out;
  }
  of_type(gate, [&](auto type) {
    using T = decltype(type);
    const int64_t width = g.size(1);
    at::parallel_for(0, g.size(0), std::max<int64_t>(1, kGrain / width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        row_kernels<T>().swiglu(data<T>(g) + row * g.stride(0), data<T>(u) + row * u.stride(0), width,
                                static_cast<T*>(out.mutable_data_ptr()) + row * width);
      }
    });
  });
  return out;
}

Float8Rows float8_rows(const at::Tensor& x) {
  if (!x.is_cuda() || !has_kernels(x)) return plain::float8_rows(x);
  Float8Rows rows{at::empty(x.sizes(), x.options().dtype(at::kFloat8_e4m3fn)),
                  at::empty({x.size(0)}, x.options().dtype(at::kFloat))};
  cuda_float8_rows(x.contiguous(), rows.values, rows.scale);
  return rows;
}

}  // namespace sinkscope::model
