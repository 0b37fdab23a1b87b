#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/measure/massive_activation.h"
#include "sinkscope/trials/options.h"

namespace sinkscope::trials {

/// Layers in a row that have a sink.
struct SinkStage {
  int64_t first = -1, last = -1;
  int64_t layer = -1;  ///< where the sink is read: the first of them with at least half of their largest attention
  /// Written before that, and after the layer where the stage before is read.
  std::optional<measure::MassiveActivation> massive_activation = {};
};

/// What trials need to know of the unedited model, from a cold start.
struct SinkBaseline {
  std::vector<double> sink = {}, ordinary = {};  ///< [L] mean attention to token 0, and to an ordinary token
  int64_t sink_layer = -1;                       ///< -1: no sink
  std::optional<measure::MassiveActivation> massive_activation = {};
  std::vector<double> written = {};    ///< [L] mean norm of the MLP's output at tokens 1 to 8
  std::vector<SinkStage> stages = {};  ///< in the layers' order; of a layer that was named, that alone
  bool has_sink() const { return sink_layer >= 0; }
};

inline constexpr double kOverOrdinary = 4;  ///< of the sink layer's rule
inline constexpr char kStageRule[] =
    "layers in a row whose mean attention to token 0 is at least 4 times an ordinary token's, and somewhere among them "
    "at "
    "least a quarter of its largest over all layers; read in the first of them with at least half of their largest";
inline constexpr char kSinkLayerRule[] =
    "the first layer whose mean attention to token 0 is at least half of its largest over layers, and at least 4 times "
    "an ordinary token's (tokens 4 to 8)";

/// By kStageRule, of the attention by layer; their massive activations are not looked for.
std::vector<SinkStage> find_stages(const SinkBaseline&);

/// One pass over the first `batches` batches. `named`: the one layer that stages are asked of; -1: all that have a
/// sink.
SinkBaseline find_sink_baseline(app::Run&, const Keys&, int64_t q_min, size_t batches, int64_t named = -1);

/// {"first", "last", "layer", "massive_activation"}
nlohmann::json to_json(const SinkStage&);

nlohmann::json to_json(const SinkBaseline&);

}  // namespace sinkscope::trials
