#include "sinkscope/model/dtype.h"

#include <fmt/format.h>

#include <map>

#include "sinkscope/error.h"

namespace sinkscope::model {

using c10::ScalarType;

ScalarType parse_dtype(const std::string& name, const std::string& checkpoint_dtype) {
  if (name == "auto") return checkpoint_dtype == "bfloat16" ? ScalarType::BFloat16 : ScalarType::Float;
  if (name == "float32" || name == "fp32") return ScalarType::Float;
  if (name == "bfloat16" || name == "bf16") return ScalarType::BFloat16;
  if (name == "fp8") return ScalarType::Float8_e4m3fn;
  throw InputError(fmt::format("--dtype {}: expected float32 (fp32), bfloat16 (bf16), fp8 or auto", name));
}

std::string checkpoint_dtype(const std::string& torch_name, const std::string& where) {
  static const std::map<std::string, std::string> names = {
      {"float32", "float32"}, {"float", "float32"},   {"bfloat16", "bfloat16"}, {"float16", "float16"},
      {"half", "float16"},    {"float64", "float64"}, {"double", "float64"}};
  const auto found = names.find(torch_name);
  if (found == names.end()) {
    throw InputError(
        fmt::format("{}: expected float32, bfloat16, float16 or float64, found \"{}\"", where, torch_name));
  }
  return found->second;
}

std::string dtype_name(ScalarType dtype) {
  return is_float8(dtype) ? "fp8" : dtype == ScalarType::Float ? "float32" : "bfloat16";
}

}  // namespace sinkscope::model
