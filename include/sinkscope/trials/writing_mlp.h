#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sinkscope/trials/runner.h"

namespace sinkscope::trials {

/// The MLP that an experiment looks into: that of --mlp-layer, or else the one that writes the massive activation.
struct WritingMlp {
  int64_t layer = -1;     ///< -1: none
  std::string none = {};  ///< why
};

void add_mlp_option(CLI::App&, int64_t& layer);

WritingMlp writing_mlp(int64_t asked, const Runner&);

/// Why no trial that edits `site` would tell of the sink; empty where one does.
std::string why_unseen(const model::Site&, const Runner&);

/// Neurons by mean z² at token 0 [m], largest first: the fewest that hold 90 % of it, but at least 3 and at most 16;
/// none whose z² is 0.
std::vector<int64_t> strongest_neurons(const at::Tensor& energy);

}  // namespace sinkscope::trials
