#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "sinkscope/measure/vector_stats.h"
#include "sinkscope/model/points.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// What every block's attention and MLP write at token 0 and at the tokens that it is told from, over samples.
class BlockOutputs {
 public:
  /// Tokens 0 to 8, or as many as the shortest sample has.
  BlockOutputs(int64_t layers, int64_t shortest);

  /// Reads a batch of samples with these lengths; must live until the pass is over.
  void attach(model::Taps&, const std::vector<int64_t>& lengths);

  int64_t layers() const { return static_cast<int64_t>(attn_.size()); }
  /// Of attn_out or mlp_out; its first token is token 0.
  const VectorStats& at(const model::Site&) const;
  /// Mean norm at tokens 1 to 8; NaN where the samples have one token.
  double norm_at_others(const model::Site&) const;
  /// Dimensions that are outliers at token 0 (outliers.h), largest first.
  std::vector<int64_t> outliers(const model::Site&) const;

 private:
  std::vector<VectorStats> attn_, mlp_;  // by layer
};

/// The block output that makes token 0's residual massive (Sun et al. 2024, arXiv 2402.17762, who name what is massive
/// in a residual; which block writes it is ours: what they ask in absolute numbers, |x| > 100, no small model has).
struct MassiveActivation {
  model::Site site = {};                 ///< attn_out or mlp_out
  std::vector<int64_t> dimensions = {};  ///< as the rule names them, largest first
  int64_t holding = 0;                   ///< how many hold 99 % of the mean squared norm
  double norm = 0, others = 0;           ///< mean norms at token 0 and at tokens 1 to 8
};

inline constexpr char kMassiveActivationRule[] =
    "largest write before the sink: of the attention and MLP outputs before the sink layer's attention (of all where "
    "no "
    "layer has a sink) whose norm at token 0 is at least 4 times their norm at tokens 1 to 8, the one with the largest "
    "norm at token 0; its dimensions are the fewest that hold 99 % of the mean squared norm, at most 16 named. Without "
    "such an output, of those with dimensions where |x| at token 0 is at least 50 times its global mean and 5 times "
    "its "
    "mean at tokens 1 to 8, the one with the largest norm, and these dimensions";

/// By that rule, of the blocks from `first` on. `sink_layer` is -1 where no layer has a sink.
std::optional<MassiveActivation> find_massive_activation(const BlockOutputs&, int64_t sink_layer, int64_t first = 0);

/// {"site", "dimensions", "holding_99_percent", "norm", "norm_at_others", "rule"}
nlohmann::json to_json(const MassiveActivation&);

/// How many dimensions hold this share of Σ energy: the fewest whose energies sum to at least the share.
int64_t dimensions_holding(const at::Tensor& energy, double share);

}  // namespace sinkscope::measure
