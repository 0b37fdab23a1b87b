#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/trials/listed.h"

namespace sinkscope::trials {

/// The MLP that an experiment looks into: that of --mlp-layer, or else the one that writes the spike.
struct SpikeMlp {
  int64_t layer = -1;     ///< -1: none
  std::string none = {};  ///< why
};

void add_mlp_option(CLI::App&, int64_t& layer);

/// Throws InputError for a layer that the model does not have.
void check_mlp_layer(int64_t asked, const model::Config&);

SpikeMlp spike_mlp(int64_t asked, const Runner&);

/// Why no trial that edits `site` would tell of the sink; empty where one does.
std::string why_unseen(const model::Site&, const Runner&);

/// Neurons by mean z² at token 0 [m], largest first: the fewest that hold 90 % of it, but at least 3 and at most 16;
/// none whose z² is 0.
std::vector<int64_t> strongest_neurons(const at::Tensor& energy);

/// Trials, or none where `no_trials` says why: measures them and writes the result, its `results` given as far as
/// they are no trials'.
void finish_with_trials(Runner&, const std::vector<intervene::Trial>&, const std::string& no_trials,
                        const About& about, nlohmann::json metrics, nlohmann::json results);

}  // namespace sinkscope::trials
