#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sinkscope/model/points.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::model {

/// One tensor of a family's checkpoints: its part in the pass, its name, its shape, and when it is there.
struct TensorRow {
  Role role;
  std::string_view name;                   ///< in the checkpoint; {} is the layer
  std::string_view shape;                  ///< an axis a word, a product of sizes by points.h's letters: "Hh d"
  bool (*there)(const Config&) = nullptr;  ///< where a config decides; null: always
};

/// The table of decoders with a norm before each half of a block, in the order of the pass.
const std::vector<TensorRow>& decoder_tensors();

/// The row of a role in the table of the config's family; null where the family has none.
const TensorRow* row_of(Role, const Config&);

/// Whether a checkpoint of this config has a tensor of this role.
bool has(Role, const Config&);

/// The name in the checkpoint, of a layer where the row has one for each.
std::string name_of(const TensorRow&, int64_t layer);

/// The module of transformers whose output a point is, {} the layer: "model.layers.{}.self_attn"; empty where it is
/// none's.
std::string module_of(Point, const Config&);

}  // namespace sinkscope::model
