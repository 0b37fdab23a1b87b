#include "sinkscope/intervene/orthonormal.h"

#include <ATen/ATen.h>

namespace sinkscope::intervene {

at::Tensor orthonormal(const at::Tensor& rows) {
  const auto [q, r] = at::linalg_qr(rows.t());
  const auto diagonal = r.diagonal();
  return (q * at::where(diagonal < 0, -at::ones_like(diagonal), at::ones_like(diagonal)))
      .t()
      .to(at::kFloat)
      .contiguous();
}

}  // namespace sinkscope::intervene
