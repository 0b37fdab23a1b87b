#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "sinkscope/app/run.h"

namespace sinkscope::trials {

/// Some samples of a run as one batch, and which they are.
struct Part {
  app::Batch batch = {};
  at::Tensor samples = {};  ///< [n] int64, places among all samples of the run
};

/// These samples, [..] int64, in batches of the run's size.
std::vector<Part> cut_parts(const app::Run&, const at::Tensor& samples);

}  // namespace sinkscope::trials
