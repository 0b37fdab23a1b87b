#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// What arrows of the chain go to, and how it is read: [samples, tracked] float64, NaN in the samples that choose.
struct Target {
  std::string name, of;  ///< `of`: "share of the way", "norm", "attention"
  at::Tensor unedited = {};
  std::function<at::Tensor(const Measured&)> under = {};
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

/// {"unedited", "edited"} of [samples] each, with 95 % intervals.
nlohmann::json effect(const trials::Runner&, const at::Tensor& unedited, const at::Tensor& edited);

/// {"from", "to", "of", "removed", "written"}: the effect at token 0 of the trial that takes what comes first from it,
/// and at the later token of the one that gives it that; null for one that is null.
nlohmann::json arrow(const trials::Runner&, const std::string& from, const Target&, const Measured* removal,
                     const Measured* writing);

}  // namespace sinkscope::experiments::identification
