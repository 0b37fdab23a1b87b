#include "sinkscope/model/row_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "cpu/row_kernels.h"

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

}  // namespace plain

namespace {

constexpr int64_t kGrain = 1 << 14;  // values a thread takes at least

bool has_kernels(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

template <typename T>
const T* data(const at::Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}

/// Calls `row(kernels, index, x's row, out's row)` for every row of the last axis.
template <typename T, typename F>
void for_rows(const at::Tensor& x, at::Tensor& out, const F& row) {
  const int64_t width = x.size(-1);
  at::parallel_for(0, x.numel() / width, std::max<int64_t>(1, kGrain / width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      row(row_kernels<T>(), i, data<T>(x) + i * width, static_cast<T*>(out.mutable_data_ptr()) + i * width);
    }
  });
}

/// `f` gets a value of the type that holds x's elements: float, or uint16_t for bfloat16.
template <typename F>
void of_type(const at::Tensor& x, const F& f) {
  x.scalar_type() == at::kFloat ? f(float{}) : f(uint16_t{});
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (!has_kernels(x)) return plain::rms_norm(x, weight, eps);
  const auto in = x.contiguous(), w = weight.contiguous();
  auto out = at::empty_like(in);
  of_type(x, [&](auto type) {
    using T = decltype(type);
    for_rows<T>(in, out, [&](const auto& kernels, int64_t, const T* from, T* to) {
      kernels.rms_norm(from, data<T>(w), static_cast<float>(eps), in.size(-1), to);
    });
  });
  return out;
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
  if (!has_kernels(x)) return plain::rotate(x, table);
  const auto in = x.contiguous();
  const int64_t T_ = in.size(1), heads = in.size(2), h = in.size(3);
  auto out = at::empty_like(in);
  of_type(x, [&](auto type) {
    using T = decltype(type);
    for_rows<T>(in, out, [&](const auto& kernels, int64_t row, const T* from, T* to) {
      const int64_t token = row / heads % T_;
      kernels.rotate(from, data<T>(table.cos) + token * h, data<T>(table.sin) + token * h, h, to);
    });
  });
  return out;
}

at::Tensor rms_norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable& table) {
  if (!has_kernels(x)) return plain::rotate(plain::rms_norm(x, weight, eps), table);
  const auto in = x.contiguous(), w = weight.contiguous();
  const int64_t T_ = in.size(1), heads = in.size(2), h = in.size(3);
  auto out = at::empty_like(in);
  of_type(x, [&](auto type) {
    using T = decltype(type);
    for_rows<T>(in, out, [&](const auto& kernels, int64_t row, const T* from, T* to) {
      static thread_local std::vector<T> normed;
      normed.resize(h);
      kernels.rms_norm(from, data<T>(w), static_cast<float>(eps), h, normed.data());
      const int64_t token = row / heads % T_;
      kernels.rotate(normed.data(), data<T>(table.cos) + token * h, data<T>(table.sin) + token * h, h, to);
    });
  });
  return out;
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!has_kernels(gate)) return plain::swiglu(gate, up);
  const auto g = gate.contiguous(), u = up.contiguous();
  auto out = at::empty_like(g);
  of_type(gate, [&](auto type) {
    using T = decltype(type);
    at::parallel_for(0, g.numel(), kGrain, [&](int64_t begin, int64_t end) {
      row_kernels<T>().swiglu(data<T>(g) + begin, data<T>(u) + begin, end - begin,
                              static_cast<T*>(out.mutable_data_ptr()) + begin);
    });
  });
  return out;
}

}  // namespace sinkscope::model
