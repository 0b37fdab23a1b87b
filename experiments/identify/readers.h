#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

#include "sinkscope/trials/runner.h"

namespace sinkscope::experiments::identification {

/// What of the model's weights reads a direction u of the residual, each through the gain g of the norm before it.
/// No run is made: a weight that reads it may still be one that no token drives.
struct Readers {
  int64_t first_attention = 0, first_mlp = 0;  ///< layers of the first rows
  /// [layers, K] float64: |W_K diag(g) u| / |W_K diag(g)|_F of each key head, from 0 to 1 (where it reads nothing
  /// else); a random direction has about 1 / sqrt(D). Up to the sink's layer.
  at::Tensor keys = {};
  /// [layers, m] float64: cosine of u and each neuron's gate row times g. Below the sink's layer.
  at::Tensor gates = {};
};

/// Of `direction` [D], unit length, at a site after an attention or an MLP.
Readers find_readers(const model::Model&, const model::Site&, int64_t sink_layer, const at::Tensor& direction);

/// {"keys": [{"layer", "key_head", "ratio"}], "gates": [{"layer", "neuron", "cosine"}]}, the `most` largest of each.
nlohmann::json to_json(const Readers&, int64_t most);

}  // namespace sinkscope::experiments::identification
