#include "model/cpu/row_kernels.h"

namespace sinkscope::model {

bool has_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has;
}

bool has_avx512_bf16() {
  static const bool has = has_avx512() && __builtin_cpu_supports("avx512bf16");
  return has;
}

template <>
const RowKernels<float>& row_kernels<float>(bool portable) {
  return portable || !has_avx512() ? portable::kFloatRows : avx512::kFloatRows;
}

template <>
const RowKernels<uint16_t>& row_kernels<uint16_t>(bool portable) {
  return portable || !has_avx512() ? portable::kBfloat16Rows : avx512::kBfloat16Rows;
}

const SoftmaxKernels& softmax_kernels(bool portable) {
  return portable || !has_avx512() ? portable::kSoftmax : avx512::kSoftmax;
}

}  // namespace sinkscope::model
