#include "sinkscope/model/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "model/cpu/panel_product.h"
#include "model/cpu/row_kernels.h"
#include "model/gpu_demands.h"
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

bool can_pack(const at::Tensor& weight, at::ScalarType dtype) {
  return weight.is_cpu() && has_avx512() && at::hasMKLDNN() &&
         (dtype == at::kFloat || (dtype == at::kBFloat16 && has_avx512_bf16()));
}

/// For packed_product: float32 in panels, bfloat16 in oneDNN's layout.
at::Tensor packed(const at::Tensor& weight) {
  if (weight.scalar_type() == at::kFloat) return pack_panels(weight);
  return library_operator<Reorder>("mkldnn::_reorder_linear_weight").call(weight, std::nullopt);
}

at::Tensor packed_product(const at::Tensor& x, const at::Tensor& weight, int64_t out, const at::Tensor& bias = {}) {
  if (weight.scalar_type() == at::kFloat) {
    auto sizes = x.sizes().vec();
    sizes.back() = out;
    return panel_product(as_matrix(x), weight, out, bias).view(sizes);
  }
  return library_operator<Product>("mkldnn::_linear_pointwise")
      .call(x, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt, "none",
            c10::List<std::optional<at::Scalar>>(), "");
}

at::Tensor joined(const std::vector<at::Tensor>& weights) {
  return weights.size() == 1 ? weights[0] : at::cat(weights);
}

}  // namespace

Linear::Linear(std::vector<at::Tensor> weights, at::ScalarType dtype, const std::vector<at::Tensor>& biases)
    : given_(std::move(weights)), dtype_(activation_dtype(dtype)) {
  for (const auto& weight : given_) outs_.push_back(weight.size(0));
  for (const auto& bias : biases) biases_.push_back(bias.to(dtype_));
  if (!biases.empty()) joined_bias_ = joined(biases_);
  if (is_float8(dtype)) {
    make_float8();
  } else if (can_pack(given_[0], dtype)) {
    for (const auto& weight : given_) packed_.push_back(packed(weight.to(dtype)));
  } else if (const auto converted = joined(given_).to(dtype); !converted.is_same(given_[0])) {
    joined_ = converted;
    given_.clear();
  }
}

void Linear::make_float8() {
  const auto weight = joined(given_).to(dtype_);
  if (weight.is_cuda()) check_float8_weight(weight.size(0), weight.size(1));
  const auto rows = float8_rows(weight);
  joined_ = rows.values;
  scale_ = rows.scale;
  given_.clear();
  if (!can_pack(weight, dtype_)) return;
  for (const auto& part : joined_.split_with_sizes(outs_)) packed_.push_back(packed(part.to(dtype_)));  // exactly
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return each(x)[0];
}

std::vector<at::Tensor> Linear::each(const at::Tensor& x) const {
  if (scale_.defined()) return scaled_products(x);
  if (packed_.empty()) {
    return at::linear(x, joined_.defined() ? joined_ : given_[0], joined_bias_).split_with_sizes(outs_, -1);
  }
  std::vector<at::Tensor> products;
  for (size_t i = 0; i < packed_.size(); ++i) {
    products.push_back(packed_product(x, packed_[i], outs_[i], biases_.empty() ? at::Tensor() : biases_[i]));
  }
  return products;
}

std::vector<at::Tensor> Linear::scaled_products(const at::Tensor& x) const {
  const auto rows = float8_rows(x.flatten(0, -2));
  const auto row_scale = rows.scale.unsqueeze(1);
  at::Tensor y;
  if (x.is_cuda()) {
    y = at::_scaled_mm(rows.values, joined_.t(), row_scale, scale_.unsqueeze(0), std::nullopt, std::nullopt, dtype_,
                       /*use_fast_accum=*/true);
  } else {
    const auto exact = rows.values.to(dtype_);
    std::vector<at::Tensor> products;
    for (size_t i = 0; i < packed_.size(); ++i) products.push_back(packed_product(exact, packed_[i], outs_[i]));
    y = products.empty() ? at::linear(exact, joined_.to(dtype_)) : at::cat(products, -1);
    y = (y.to(at::kFloat) * row_scale * scale_).to(dtype_);
  }
  if (joined_bias_.defined()) y = y + joined_bias_;
  auto sizes = x.sizes().vec();
  sizes.back() = y.size(-1);
  return y.view(sizes).split_with_sizes(outs_, -1);
}

at::Tensor Linear::weight(int64_t i) const {
  if (!given_.empty()) return given_[i].to(dtype_);
  const auto part = joined_.split_with_sizes(outs_)[i];
  if (!scale_.defined()) return part;
  return (part.to(at::kFloat) * scale_.split_with_sizes(outs_)[i].unsqueeze(1)).to(dtype_);
}

}  // namespace sinkscope::model
