#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/measure/gating.h"

namespace sinkscope::experiments {

/// The channel i* that gates an MLP, as MAGC (arXiv 2610.07661) finds it, and the neurons that answer to it.
struct GatingChannel {
  int64_t layer = -1, channel = -1;
  measure::Towards towards = measure::Towards::plus_infinity;  ///< the side of token 1 that token 0 is on
  at::Tensor first = {}, second = {}, later = {};              ///< [d] mean input at tokens 0, 1 and a later one
  at::Tensor plus = {}, minus = {};                            ///< [d] R of every channel, both ways; NaN: alpha is 0
  std::vector<int64_t> j = {};                                 ///< J, largest |alpha| first

  struct Neuron {
    int64_t neuron = -1;
    double alpha = 0, alpha_share = 0;  ///< share of ‖alpha‖²
    double gate_weight = 0, up_weight = 0;
    double cosine = 0;        ///< of its column of W_down with the MLP's mean output at token 0
    double energy_share = 0;  ///< of the mean z² at token 0
  };
  std::vector<Neuron> neurons = {};  ///< the three of largest |alpha|, then the others that hold the energy at token 0
  double predicted_cosine = 0;       ///< of y* = Σ alpha_j w_j with the MLP's mean output at token 0; NaN: alpha is 0
  int64_t n_neurons = 0;
};

/// One pass over these samples, and the MLP's weights; `later` is the token of the trials.
GatingChannel find_gating_channel(app::Run&, int64_t layer, int64_t later, const at::Tensor& samples);

nlohmann::json to_json(const GatingChannel&);

/// Definitions for a result's `metrics`.
nlohmann::json channel_metrics();

}  // namespace sinkscope::experiments
