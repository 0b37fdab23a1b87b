#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sinkscope::model {

/// x W^T, and a bias where one is given, in the run's dtype, for one weight or several that read the same x. A GPU
/// takes several as one product. On an AVX-512 CPU each is packed once (float32 in panels of ours, bfloat16 for oneDNN,
/// which otherwise lays it out anew in every product); the tensors they came from are kept for reading, so mapped ones
/// cost no memory once their pages are dropped.
///
/// In float8_e4m3fn the rows of x and W are divided by their largest magnitude over 448 and rounded to 3 bits of
/// mantissa; products accumulate in float32 and come out in bfloat16 (on a CPU rounded to it before and after the
/// scales are put back: there the values are rounded alike, and nothing is gained in speed).
class Linear {
 public:
  Linear() = default;
  /// weights [out, in] each, of any float dtype, with one `in`; `dtype` is the run's. biases [out], none or one each.
  Linear(std::vector<at::Tensor> weights, at::ScalarType dtype, const std::vector<at::Tensor>& biases = {});

  /// [.., in] to [.., out] of the first weight.
  at::Tensor operator()(const at::Tensor& x) const;

  /// [.., out] of every weight; parts of one tensor where they are one product.
  std::vector<at::Tensor> each(const at::Tensor& x) const;

  /// Weight `i`, [out, in] as products see it, in the dtype of their output.
  at::Tensor weight(int64_t i = 0) const;

  /// True where products no longer read the tensors that were given.
  bool is_copy() const { return !packed_.empty() || joined_.defined(); }

 private:
  void make_float8();
  std::vector<at::Tensor> scaled_products(const at::Tensor& x) const;

  std::vector<at::Tensor> given_;      // to read, and for products where there is nothing else
  std::vector<int64_t> outs_;          // of each weight
  at::ScalarType dtype_ = at::kFloat;  // of the output
  std::vector<at::Tensor> packed_;     // each in the layout of its product
  std::vector<at::Tensor> biases_;     // of each weight, or none
  at::Tensor joined_bias_;             // [out of all weights], where there are biases
  at::Tensor joined_;                  // [out of all weights, in]: another dtype than given, several, or float8
  at::Tensor scale_;                   // [out of all weights] float32, of float8 rows
};

}  // namespace sinkscope::model
