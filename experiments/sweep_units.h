#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sinkscope::experiments {

/// A block of ids over all samples. Blocks are cut over the whole list of ids, whoever computes them and when, so that
/// a unit's numbers depend on nothing but the run.
struct Unit {
  int64_t number = 0;
  std::vector<int64_t> ids;
};

std::vector<Unit> units(const std::vector<int64_t>& ids, int64_t ids_per_unit);

/// What a unit's passes give, all float64 on the CPU.
struct UnitScores {
  at::Tensor score;     // [ids, samples]: mean_attention(P) over layers and heads
  at::Tensor by_layer;  // [ids, L]: mean over samples and heads
  at::Tensor first;     // [ids, samples]: mean_attention(0) over queries q > P; undefined for P = 0
};

/// As a journal keeps them, every bit; from_bytes throws std::runtime_error where the lengths do not fit.
std::string to_bytes(const UnitScores&);
UnitScores from_bytes(const std::string&);

/// Of all units, in order.
UnitScores joined(const std::vector<UnitScores>&);

}  // namespace sinkscope::experiments
