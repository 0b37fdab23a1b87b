#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// What arrows of the chain go to, and how that is read.
struct Target {
  using Trials = std::vector<const Measured*>;

  std::string name, of;      ///< `of`: "share of the way", "norm", "attention"
  at::Tensor unedited = {};  ///< [samples, tracked] float64, NaN in the samples that choose
  std::function<std::vector<at::Tensor>(const Trials&)> under = {};  ///< the same under each trial
};

/// Attention in the stage's layer.
Target sink_target(trials::Runner&);
/// The norm of the massive activation's dimensions where they are written. The stage has one.
Target massive_target(trials::Runner&);
/// How far the signal is from the later token's ordinary level (0) to token 0's (1). It must outlive the target.
Target signal_target(trials::Runner&, const Evidence&, int64_t token);
/// The same of the keys of the stage's layer, all its key heads together: along the way from the mean key of the later
/// token to that of token 0, over the samples that choose. Keys as projected, before a norm and before rotary.
Target keys_target(trials::Runner&, int64_t token);

/// `removal` takes what comes first from token 0, `writing` gives it to the later token; null where that is not asked.
struct Arrow {
  std::string from;
  const Target* to;
  const Measured *removal, *writing;
};

/// {"unedited", "edited"} of [samples] each, with 95 % intervals.
nlohmann::json effect(const trials::Runner&, const at::Tensor& unedited, const at::Tensor& edited);

/// [{"from", "to", "of", "removed", "written"}]: the effects of the two trials, null for one that is null.
nlohmann::json to_json(const trials::Runner&, const std::vector<Arrow>&);

}  // namespace sinkscope::experiments::identification
