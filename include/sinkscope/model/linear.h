#pragma once

#include <ATen/core/Tensor.h>

namespace sinkscope::model {

/// x W^T in the run's dtype. On an AVX-512 CPU the weight is packed once for oneDNN, which otherwise lays it out anew
/// in every product; the tensor it came from is kept for reading, so a mapped one costs no memory once its pages are
/// dropped.
class Linear {
 public:
  Linear() = default;
  /// weight [out, in], of any float dtype; `dtype` is the run's.
  Linear(at::Tensor weight, at::ScalarType dtype);

  /// [.., in] to [.., out].
  at::Tensor operator()(const at::Tensor& x) const;

  /// [out, in] in the run's dtype; converts where the checkpoint's is another.
  at::Tensor weight() const;

  /// True where products no longer read the tensor that was given.
  bool is_copy() const { return packed_.defined() || converted_.defined(); }

 private:
  at::Tensor given_;
  at::ScalarType dtype_ = at::kFloat;
  at::Tensor packed_;     // oneDNN's layout
  at::Tensor converted_;  // [out, in] where it is not packed and not of the run's dtype
};

}  // namespace sinkscope::model
