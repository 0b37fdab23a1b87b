#include "sinkscope/model/to_vector.h"

#include <ATen/ATen.h>

namespace sinkscope::model {

std::vector<double> to_vector(const at::Tensor& x) {
  const auto flat = x.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

std::vector<int64_t> to_int_vector(const at::Tensor& x) {
  const auto flat = x.to(at::kCPU, at::kLong).contiguous();
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

}  // namespace sinkscope::model
