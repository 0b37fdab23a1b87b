#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/signal_file.h"

namespace sinkscope::experiments::identification {

/// What the verdict's signal is made of: its channels, what writes it at token 0, and what could read it.
struct Composition {
  at::Tensor direction =
      {};  ///< u [D] float32, unit length: the way from the ordinary level to token 0's, all sets together
  nlohmann::json description = nullptr;
};

/// Of the signals at `site`.
Composition compose(trials::Runner&, const std::vector<PortableSignal>&, const model::Site&);

/// Its definitions, for `metrics`.
nlohmann::json composition_metrics();

}  // namespace sinkscope::experiments::identification
