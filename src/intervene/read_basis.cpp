#include "intervene/read_basis.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "intervene/edit_json.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/orthonormal.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::intervene {
namespace {

using nlohmann::json;

/// [rows, numbers] float64
at::Tensor listed_rows(const json& value, const std::string& where) {
  std::vector<at::Tensor> rows;
  for (const auto& row : value.is_array() && !value.empty() && value[0].is_array() ? value : json::array({value})) {
    rows.push_back(at::tensor(numbers_of(row, where), at::kDouble));
    if (rows.back().numel() != rows.front().numel()) throw InputError(fmt::format("{}: rows of one length", where));
  }
  return at::stack(rows);
}

/// Where a thing of the edit is: "trial 'a', edit 0: basis", and the tensor where it is one of a file.
std::string named(const json& value, const char* key, const std::string& where) {
  auto what = fmt::format("{}: {}", where, key);
  if (!value.is_object() || !value.contains("tensor")) return what;
  return fmt::format("{}: {}: tensor {}", what, value.value("file", json()).dump(), value["tensor"].dump());
}

at::Tensor given_rows(const json& value, int64_t width, TensorFiles& files, const std::string& where) {
  const auto what = named(value, "basis", where);
  auto rows = value.is_object() ? files.read(value, where + ": basis") : listed_rows(value, where + ": basis");
  if (rows.dim() == 1) rows = rows.unsqueeze(0);
  if (rows.size(1) != width) {
    throw InputError(fmt::format("{}: expected rows of {} numbers, found {}", what, width, rows.size(1)));
  }
  if (at::linalg_matrix_rank(rows).item<int64_t>() < rows.size(0)) {
    throw InputError(fmt::format("{}: {} rows that do not span as many dimensions", what, rows.size(0)));
  }
  return rows;
}

/// Of directions that lean on each other a coordinate is none of its own.
void check_orthogonal(const at::Tensor& rows, const std::string& what) {
  constexpr double kRounding = 1e-4;  // of rows in float32; half precision leaves ten times that
  const auto unit = rows / rows.norm(2, 1, true);
  const auto cosines = (at::matmul(unit, unit.t()) - at::eye(rows.size(0), at::kDouble)).abs();
  if (const double worst = cosines.max().item<double>(); worst > kRounding) {
    throw InputError(
        fmt::format("{}: expected orthogonal rows beside values, found two with a cosine of {:.3g}", what, worst));
  }
}

std::vector<double> read_values(const json& value, TensorFiles& files, const std::string& where) {
  if (!value.is_object()) return numbers_of(value, where + ": values");
  const auto numbers = files.read(value, where + ": values");
  if (numbers.dim() != 1) {
    throw InputError(fmt::format("{}: expected one axis, a number a coordinate, found [{}]",
                                 named(value, "values", where), fmt::join(numbers.sizes(), ", ")));
  }
  return model::to_vector(numbers);
}

}  // namespace

void read_basis_and_values(Edit& edit, const json& object, int64_t width, TensorFiles& files,
                           const std::string& where) {
  if (object.contains("values")) edit.values = read_values(object["values"], files, where);
  if (!object.contains("basis")) return;
  const auto rows = given_rows(object["basis"], width, files, where);
  if (!edit.values.empty()) check_orthogonal(rows, named(object["basis"], "basis", where));
  edit.basis = orthonormal(rows);
}

}  // namespace sinkscope::intervene
