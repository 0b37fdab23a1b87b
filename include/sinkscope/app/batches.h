#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sinkscope::app {

/// Some samples of a run, padded on the right with id 0 to the run's longest; causality keeps the padding harmless.
struct Batch {
  at::Tensor ids;                ///< [n, T] int64 on the CPU
  int64_t first = 0, n = 0;      ///< samples [first, first + n)
  std::vector<int64_t> lengths;  ///< of its samples
};

/// All samples of a run, padded and cut into batches.
struct Batches {
  at::Tensor ids;                ///< [samples, T] int64, padded with 0
  std::vector<int64_t> lengths;  ///< tokens of every sample
  int64_t longest = 0;           ///< T
  int64_t batch_size = 0;        ///< samples a batch; the last may have fewer
  std::vector<Batch> list;
};

/// Tokens of the longest sample; there is at least one.
int64_t longest_of(const std::vector<std::vector<int64_t>>& samples);

Batches cut_batches(const std::vector<std::vector<int64_t>>& samples, int64_t batch_size);

}  // namespace sinkscope::app
