#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace sinkscope::experiments::identification {

/// What a row of largest() is named by.
struct Named {
  const char *column, *value;
};

/// The `most` largest magnitudes of [layers, columns], largest first: [{"layer", column, value}]. Row 0 is layer
/// `first_layer`.
nlohmann::json largest(const at::Tensor& by_layer, int64_t most, int64_t first_layer, const Named&);

}  // namespace sinkscope::experiments::identification
