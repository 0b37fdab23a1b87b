#include "sinkscope/model/row_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "cpu/row_kernels.h"
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

/// Norm (where `weight` is defined), rotation (where the table is), or one after the other, of contiguous rows.
template <typename T>
void norm_and_rotate_rows(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable& table,
                          at::Tensor& out) {
  const int64_t width = x.size(-1), heads = table.cos.defined() ? x.size(2) : 1,
                tokens = table.cos.defined() ? x.size(1) : 1;
  const auto& kernels = row_kernels<T>();
  at::parallel_for(0, x.numel() / width, std::max<int64_t>(1, kGrain / width), [&](int64_t begin, int64_t end) {
    std::vector<T> normed(width);
    for (int64_t row = begin; row < end; ++row) {
      const T* from = data<T>(x) + row * width;
      T* to = static_cast<T*>(out.mutable_data_ptr()) + row * width;
      if (weight.defined()) {
        T* into = table.cos.defined() ? normed.data() : to;
        kernels.rms_norm(from, data<T>(weight), static_cast<float>(eps), width, into);
        from = into;
      }
      const int64_t angles = row / heads % tokens * width;
      if (table.cos.defined())
        kernels.rotate(from, data<T>(table.cos) + angles, data<T>(table.sin) + angles, width, to);
    }
  });
}

at::Tensor norm_and_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable& table) {
  if (x.is_cuda()) return cuda_norm_and_rotate(x, weight, eps, table);
  const auto in = x.contiguous();
  auto out = at::empty_like(in);
  of_type(x, [&](auto type) { norm_and_rotate_rows<decltype(type)>(in, weight, eps, table, out); });
  return out;
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return has_kernels(x) ? norm_and_rotate(x, weight.contiguous(), eps, {}) : plain::rms_norm(x, weight, eps);
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
  return has_kernels(x) ? norm_and_rotate(x, {}, 0, table) : plain::rotate(x, table);
}

at::Tensor rms_norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps, const RotaryTable& table) {
  if (!has_kernels(x)) return plain::rotate(plain::rms_norm(x, weight, eps), table);
  return norm_and_rotate(x, weight.contiguous(), eps, table);
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!has_kernels(gate)) return plain::swiglu(gate, up);
  if (gate.is_cuda()) return cuda_swiglu(gate, up);
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
