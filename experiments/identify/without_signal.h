#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "experiments/identify/evidence.h"
#include "sinkscope/measure/attention_by_key.h"
#include "sinkscope/trials/part.h"

namespace sinkscope::experiments::identification {

/// Which tokens are asked about: [samples, T] bool.
struct Asked {
  at::Tensor sinks = {}, others = {};  ///< later sinks, and the later tokens that are none
};

/// What they get in the stage's layer, a mean over each sample's: [samples] float64, NaN where a sample has none.
struct SinkLevels {
  at::Tensor sinks = {}, first = {}, others = {};  ///< `first`: token 0, from the queries after the sinks
  explicit SinkLevels(int64_t samples);
  /// Of these samples.
  void put(const at::Tensor& samples, const at::Tensor& attention, const at::Tensor& to_first, const Asked&);
};

/// One carrier of the signal, at its site, at the sinks.
struct WithoutSignal {
  const Evidence* carrier = nullptr;
  at::Tensor share = {};                ///< [samples] of the way from the ordinary level to token 0's, NaN likewise
  SinkLevels edited;                    ///< with its coordinates at their ordinary level at the sinks alone
  std::vector<SinkLevels> random = {};  ///< with moves of the same size in their place
};

/// In the samples that test; `unedited` gets the same without edits. The ordinary level is that of tokens 1 to 8 of the
/// samples that choose, without the sinks among them. A pass over those with a sink to read, one to begin from, and for
/// each carrier one and those of the random moves from its site to the stage's layer.
std::vector<WithoutSignal> without_signal(trials::Runner&, const std::vector<const Evidence*>& carriers, const Asked&,
                                          SinkLevels& unedited);

}  // namespace sinkscope::experiments::identification
