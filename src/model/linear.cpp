#include "sinkscope/model/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>

#include "cpu/row_kernels.h"
#include "sinkscope/error.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/model/row_ops.h"

namespace sinkscope::model {
namespace {

using Reorder = at::Tensor(const at::Tensor&, std::optional<int64_t>);
using Product = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, c10::string_view,
                           c10::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);

template <typename Signature>
const auto& library_operator(const char* name) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
  return op;
}

bool can_pack(const at::Tensor& weight) {
  return weight.is_cpu() && has_avx512() && at::hasMKLDNN() &&
         (weight.scalar_type() == at::kFloat || (weight.scalar_type() == at::kBFloat16 && has_avx512_bf16()));
}

at::Tensor packed(const at::Tensor& weight) {
  return library_operator<Reorder>("mkldnn::_reorder_linear_weight").call(weight, std::nullopt);
}

at::Tensor packed_product(const at::Tensor& x, const at::Tensor& weight) {
  return library_operator<Product>("mkldnn::_linear_pointwise")
      .call(x, weight, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace

Linear::Linear(std::vector<at::Tensor> weights, at::ScalarType dtype) : given_(std::move(weights)), dtype_(dtype) {
  for (const auto& weight : given_) outs_.push_back(weight.size(0));
  const auto joined = given_.size() == 1 ? given_[0] : at::cat(given_);
  if (is_float8(dtype)) {
    make_float8(joined);
    return;
  }
  const auto converted = joined.to(dtype);
  if (can_pack(converted)) {
    packed_ = packed(converted);
  } else if (!converted.is_same(given_[0])) {
    joined_ = converted;
    given_.clear();
  }
}

void Linear::make_float8(const at::Tensor& weight) {
  if (weight.is_cuda() && (weight.size(0) % 16 != 0 || weight.size(1) % 16 != 0)) {
    throw InputError(fmt::format("--dtype fp8: a weight is [{}, {}]; float8 products on a GPU want multiples of 16",
                                 weight.size(0), weight.size(1)));
  }
  dtype_ = at::kBFloat16;
  const auto rows = float8_rows(weight.to(at::kBFloat16));
  scale_ = rows.scale;
  joined_ = rows.values;
  given_.clear();
  const auto exact = weight.is_cpu() ? joined_.to(at::kBFloat16) : at::Tensor();  // every float8 is a bfloat16
  if (exact.defined() && can_pack(exact)) packed_ = packed(exact);
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  if (scale_.defined()) return scaled_product(x);
  return packed_.defined() ? packed_product(x, packed_) : at::linear(x, joined_.defined() ? joined_ : given_[0]);
}

at::Tensor Linear::scaled_product(const at::Tensor& x) const {
  const auto rows = float8_rows(x.flatten(0, -2));
  const auto row_scale = rows.scale.unsqueeze(1);
  at::Tensor y;
  if (x.is_cuda()) {
    y = at::_scaled_mm(rows.values, joined_.t(), row_scale, scale_.unsqueeze(0), std::nullopt, std::nullopt, dtype_,
                       /*use_fast_accum=*/true);
  } else {
    const auto exact = rows.values.to(dtype_);
    y = packed_.defined() ? packed_product(exact, packed_) : at::linear(exact, joined_.to(dtype_));
    y = (y.to(at::kFloat) * row_scale * scale_).to(dtype_);
  }
  auto sizes = x.sizes().vec();
  sizes.back() = y.size(-1);
  return y.view(sizes);
}

std::vector<at::Tensor> Linear::each(const at::Tensor& x) const {
  return (*this)(x).split_with_sizes(outs_, -1);
}

at::Tensor Linear::weight(int64_t i) const {
  if (!given_.empty()) return given_[i].to(dtype_);
  const auto part = joined_.split_with_sizes(outs_)[i];
  if (!scale_.defined()) return part;
  return (part.to(at::kFloat) * scale_.split_with_sizes(outs_)[i].unsqueeze(1)).to(dtype_);
}

}  // namespace sinkscope::model
