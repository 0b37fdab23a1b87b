#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sinkscope/app/run.h"

namespace sinkscope::experiments {

/// What the gradients of one layer's MLP at token 0 are made of, and the rows that are held against them. Sample by
/// sample, float32 on the run's device.
struct MlpActivations {
  at::Tensor gate = {}, up = {};          ///< [n, m] at token 0
  at::Tensor residual = {};               ///< [n, d] at token 0, before the MLP's norm
  at::Tensor normed = {}, attn_out = {};  ///< [n, tokens, d] at tokens 0 to 8, or as many as all samples have
  model::Activation activation = {};      ///< of the gate
  at::Tensor energy() const;              ///< [m] float64, mean z² at token 0
  MlpActivations of(const at::Tensor& samples) const;
};

/// One pass over all samples.
std::map<int64_t, MlpActivations> read_mlps(app::Run&, const std::vector<int64_t>& layers);

/// A function of the MLP whose gradient says what it reads.
struct ReadOut {
  std::string name = {};         ///< "neuron 5723", "blocks.0.hook_mlp_out:2276"
  model::Site site = {};         ///< where it reads
  at::Tensor gradients = {};     ///< [n, d] of length 1, on the CPU, of the samples that say what is read
  at::Tensor rows = {};          ///< [n, tokens, d] of the site, on the CPU, of those that are held against it
  at::Tensor direction() const;  ///< [d], their mean, of length 1
};

/// Activations of the samples that choose, and of those that test.
struct SplitActivations {
  MlpActivations choosing = {}, testing = {};
};

/// z_j² by the MLP's normalised input; or by the output of its block's attention, through the norm.
ReadOut neuron_read_out(const model::Model&, int64_t layer, int64_t neuron, const SplitActivations&);
ReadOut neuron_read_out_of_attention(const model::Model&, int64_t layer, int64_t neuron, const SplitActivations&);

/// What the MLP writes into one dimension, by the output of its block's attention.
ReadOut write_read_out(const model::Model&, int64_t layer, int64_t dimension, const SplitActivations&);

/// {"name", "site", "consistency", "effective_rank", "auc", "tokens": [{"token", "mean", "sd", "ci95", "by_sample"}],
/// "channels": [{"channel", "component", "contribution"}]}
nlohmann::json to_json(const ReadOut&);

}  // namespace sinkscope::experiments
