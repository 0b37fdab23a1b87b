#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sinkscope/intervene/tensor_files.h"
#include "sinkscope/intervene/trial.h"

namespace sinkscope::intervene {

/// `basis` and `values` of an edit whose site has rows of `width` numbers: in the list, or tensors of a file. The rows
/// of a basis are made orthonormal in their order, each on its own side (Gram-Schmidt), and values are coordinates
/// along these. Throws InputError that begins with `where` for rows of another width, that do not span as many
/// dimensions, or that are not orthogonal while there are values.
void read_basis_and_values(Edit&, const nlohmann::json& object, int64_t width, TensorFiles&, const std::string& where);

}  // namespace sinkscope::intervene
