#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

namespace sinkscope::experiments::sweep {

/// Named tensors on the CPU, one row per id.
///
/// | name | shape | what |
/// |---|---|---|
/// | score | [ids, samples] float64 | mean_attention(P) over layers and heads; NaN where a sample has no query |
/// | by_layer | [ids, L] float64 | its mean over samples and heads |
/// | first | [ids, samples] float64 | mean_attention(0) over queries q > P; where P > 0 |
/// | by_head | [ids, L, H] float16 or float32 | the mean over samples; where --per-head asks for it |
/// | path | [ids, 2] float64 | of a pilot at P = 0: log of the id's largest residual norm and mean log value norm |
/// | batch_size | [ids] int64 | rows of a pass when it was computed |
using Table = std::map<std::string, at::Tensor>;

/// As a journal keeps it, every bit; from_bytes throws std::runtime_error where the lengths do not fit.
std::string to_bytes(const Table&);
Table from_bytes(const std::string&);

/// Rows of all tables, in order.
Table joined(const std::vector<Table>&);

}  // namespace sinkscope::experiments::sweep
