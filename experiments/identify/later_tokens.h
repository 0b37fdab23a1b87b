#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sinkscope/trials/runner.h"

namespace sinkscope::experiments::identification {

/// What tells which later tokens are sinks, of all samples, without edits.
struct LaterTokens {
  at::Tensor places = {};  ///< [samples, T] bool: tokens after the first with at least 8 queries after them
  /// [L, samples, T] bool: the residual after each block has a cosine above 0.9 with the same sample's token 0, there
  /// and in more than four layers in a row (Wong et al. 2025, arXiv 2512.22213).
  at::Tensor close = {};
  /// By stage of the sink, in its layer: [samples, T] float64, to each token, and to token 0 from the same queries.
  std::vector<at::Tensor> attention = {}, to_first = {};
  at::Tensor named = {};  ///< [T] bool: positions that are asked about in place of what is found; undefined: none
};

/// The positions of --later-sinks, each once; none for an empty text. Throws InputError for one that is not after token
/// 0, or that too few queries of some sample come after.
std::vector<int64_t> parse_later_sinks(const std::string& list, const app::Run&);

/// One pass over all samples.
LaterTokens read_later_tokens(trials::Runner&, const std::vector<int64_t>& named);

/// Of [L, ..] bool what is true in more than four layers in a row.
at::Tensor long_runs(const at::Tensor& by_layer);

/// First and last layer [..] int64 of the run of true layers around `layer`, where it is true itself.
std::pair<at::Tensor, at::Tensor> run_around(const at::Tensor& by_layer, int64_t layer);

}  // namespace sinkscope::experiments::identification
