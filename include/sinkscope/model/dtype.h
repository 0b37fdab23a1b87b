#pragma once

#include <c10/core/ScalarType.h>

#include <string>

namespace sinkscope::model {

/// A run's dtype: float32, bfloat16, or float8_e4m3fn, which means bfloat16 with the blocks' products in float8
/// (linear.h) and makes every result approximate.

/// "float32" ("fp32"), "bfloat16" ("bf16"), "fp8", or "auto": the checkpoint's own. An InputError for others.
c10::ScalarType parse_dtype(const std::string& name, const std::string& checkpoint_dtype);

/// torch's name of a float type ("bfloat16", "half") as Config::dtype spells it ("bfloat16", "float16"); an InputError
/// that begins with `where` for others.
std::string checkpoint_dtype(const std::string& torch_name, const std::string& where);

/// "float32", "bfloat16" or "fp8".
std::string dtype_name(c10::ScalarType dtype);

inline bool is_float8(c10::ScalarType dtype) {
  return dtype == c10::ScalarType::Float8_e4m3fn;
}

/// Of activations, embedding, norms and head.
inline c10::ScalarType activation_dtype(c10::ScalarType dtype) {
  return is_float8(dtype) ? c10::ScalarType::BFloat16 : dtype;
}

}  // namespace sinkscope::model
