#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sinkscope::trials {

/// What was read of one trial, a row per sample; all float64 on the CPU. A tensor is undefined where it was not read.
struct Outcome {
  at::Tensor attention = {};  ///< [n, layers, tracked + 1] from the sink layer on; the last is an ordinary token's
  at::Tensor massive = {};    ///< [n, tracked] norm of the massive activation's dimensions where they are written
  at::Tensor loss = {};       ///< [n] next-token cross entropy in nats
  at::Tensor written = {};    ///< [n, L] norm of the MLP's output at the last tracked token
  at::Tensor frozen = {};     ///< [n, tracked + 1] attention at the sink layer, the norms' scales frozen
  at::Tensor moved = {};      ///< [n, tracked + 1] the same edit at another position
  at::Tensor condition = {};  ///< [n, tracked + 1] under the trial's attention conditions alone, where it has edits too
  at::Tensor random = {};     ///< [n, controls, tracked + 1] random moves of the same size
  at::Tensor outside =
      {};                 ///< [1, 3] of written values: share outside the natural range, largest of a coordinate, which
  at::Tensor no_op = {};  ///< [1, 1] largest difference that the edit's path makes when it changes nothing

  /// At the sink layer: [n] of tracked token `which`, or of an ordinary token.
  at::Tensor sink(int64_t which) const { return attention_at(attention, which); }
  at::Tensor ordinary() const;

 private:
  static at::Tensor attention_at(const at::Tensor&, int64_t which);
};

/// Samples of one after samples of the other.
Outcome joined(const std::vector<Outcome>&);

std::string to_bytes(const Outcome&);
Outcome from_bytes(const std::string&);

}  // namespace sinkscope::trials
