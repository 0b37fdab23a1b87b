#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "sinkscope/model/config.h"

namespace sinkscope::app {

/// What a run will do, before any weight is read.
struct Plan {
  model::Config config;
  at::Device device;
  at::ScalarType dtype;
  int64_t batch_size, length;  ///< samples per pass, tokens per sample
  int64_t tokens;              ///< over all passes
  int64_t checkpoint_bytes;
};

/// Bytes of activations that one pass over n samples of T tokens keeps at its peak.
/// Layers whose products cost as much as the logits'.
double logits_in_layers(const model::Config&);

int64_t activation_bytes(const model::Config&, int64_t n, int64_t T, at::ScalarType);

/// About 4,096 tokens a pass on a CPU; on a GPU 16,384, as far as they fit beside the weights in nine tenths of its
/// memory: of what the GPU has, not of what is free, so that every restart and shard cuts the same batches.
int64_t automatic_batch_size(const model::Config&, int64_t T, at::Device, at::ScalarType);

/// That of a GPU with so many bytes.
int64_t batch_size_within(int64_t memory, const model::Config&, int64_t T, at::ScalarType);

/// Floating-point operations of a token in a sample of T, without the head: two for every weight of the blocks, and
/// the keys that a query sees in the mean, causal and within a sliding window.
double flops_a_token(const model::Config&, int64_t T);

/// The plan in a few lines; the time comes from a pass over one random block of this shape on this device.
struct Expected {
  double seconds = 0;  ///< without loading
  std::string text;
};
Expected expect(const Plan&);

/// Tokens a second if nothing but the products of this shape ran, from the MLP's first, measured now (about a second).
double ceiling_tokens_per_s(const Plan&);

}  // namespace sinkscope::app
