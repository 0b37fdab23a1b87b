#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

#include "sinkscope/trials/runner.h"

namespace sinkscope::experiments::identification {

/// What writes token 0's coordinate along a direction of the residual: contributions straight to the residual, as a
/// later block would read it. All means over the samples that choose, of token 0 less the mean of tokens 1 to 8; heads
/// and neurons up to the site, and the embedding, add up to `total`.
struct Writers {
  double total = 0;       ///< of the residual at the site
  double embedding = 0;   ///< of what the first block reads
  at::Tensor heads = {};  ///< [layers, H] float64: (W_O z) . u of each head's z
  at::Tensor neurons =
      {};  ///< [layers, m] float64: z (w_down . u) of each neuron's z; no layers where none comes before
};

/// Of `direction` [D], unit length, at a site after an attention or an MLP. One pass over the samples that choose.
/// Where a family norms what a block gives, its gain and each token's scale are folded in.
Writers find_writers(trials::Runner&, const model::Site&, const at::Tensor& direction);

/// {"total", "embedding", "attention", "mlp", "heads": [{"layer", "head", "contribution"}], "neurons": [{"layer",
/// "neuron", "contribution"}]}, the `most` largest of each.
nlohmann::json to_json(const Writers&, int64_t most);

}  // namespace sinkscope::experiments::identification
