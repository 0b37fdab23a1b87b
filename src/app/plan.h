#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "sinkscope/model/config.h"

namespace sinkscope::app {

/// What a run will do, before any weight is read.
struct Plan {
  model::Config config;
  at::Device device;
  at::ScalarType dtype;
  int64_t batch_size, length;  ///< samples a pass, tokens a sample
  int64_t tokens;              ///< over all passes
  int64_t checkpoint_bytes;
};

/// Bytes of activations that one pass over n samples of T tokens keeps at its peak.
int64_t activation_bytes(const model::Config&, int64_t n, int64_t T, at::ScalarType);

/// About 4,096 tokens a pass on a CPU; on a GPU 16,384, as far as a quarter of the free memory holds them.
int64_t automatic_batch_size(const model::Config&, int64_t T, at::Device, at::ScalarType);

/// The plan in a few lines; the time comes from a pass over one random block of this shape on this device.
std::string describe(const Plan&);

}  // namespace sinkscope::app
