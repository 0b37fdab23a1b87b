#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace sinkscope::model {

// What the kernels that a GPU runs demand, ours and libtorch's (2.11), as rules that hold without a GPU.

/// Who makes an attention without a T×T matrix on a GPU.
enum class AttentionWay {
  flash,      ///< half precision, grouped heads as they are, heads of at most 256
  efficient,  ///< float32 and half precision, one key head a query head, wider heads
  by_parts    ///< attention_by_parts, whatever else
};
AttentionWay attention_way(at::ScalarType, int64_t d_head);

/// Samples of one call: a grid's y and z axes end there, and all attention kernels lay samples along one of them.
inline constexpr int64_t kMostSamples = 65535;

/// Heads as both library kernels read them, 16 bytes at a time: x where its last axis is dense and every vector begins
/// at a multiple of 16 bytes, else a copy. Flash attention checks neither the address nor the steps.
at::Tensor in_packs(const at::Tensor& x);

/// An InputError below compute capability 8.0, for which our kernels are not compiled and flash attention is not there,
/// or, for float8, below 8.9, from which on its products exist. `capability` is 90 for 9.0; `what` begins the message.
void check_capability(int capability, const std::string& what);
void check_float8_capability(int capability, const std::string& device_name);

/// An InputError where a weight [out, in] is not of multiples of 16.
void check_float8_weight(int64_t out, int64_t in);

/// An InputError where NVIDIA_TF32_OVERRIDE, whose value this is (or null), would let NVIDIA's libraries round float32
/// products to TF32 whatever the program asks for.
void check_tf32_override(const char* value);

}  // namespace sinkscope::model
