#include "sinkscope/model/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "cpu/row_kernels.h"

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

}  // namespace

Linear::Linear(at::Tensor weight, at::ScalarType dtype) : given_(std::move(weight)), dtype_(dtype) {
  if (can_pack(given_, dtype)) {
    packed_ = library_operator<Reorder>("mkldnn::_reorder_linear_weight").call(given_.to(dtype), std::nullopt);
  } else if (given_.scalar_type() != dtype) {
    converted_ = given_.to(dtype);
  }
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  if (!packed_.defined()) return at::linear(x, converted_.defined() ? converted_ : given_);
  return library_operator<Product>("mkldnn::_linear_pointwise")
      .call(x, packed_, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "");
}

at::Tensor Linear::weight() const {
  return converted_.defined() ? converted_ : given_.to(dtype_);
}

}  // namespace sinkscope::model
