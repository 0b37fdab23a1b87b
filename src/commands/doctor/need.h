#pragma once

#include <c10/core/ScalarType.h>

#include "sinkscope/app/plan.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::commands::checkup {

/// Bytes of weights and of the activations of a pass over 8 samples of 512 tokens, as `info` counts them.
inline double bytes_to_run(const model::Config& config, c10::ScalarType dtype) {
  return static_cast<double>(model::parameter_count(config) * static_cast<int64_t>(c10::elementSize(dtype)) +
                             app::activation_bytes(config, 8, 512, dtype));
}

}  // namespace sinkscope::commands::checkup
