#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/families/tensor_table.h"
#include "model/strict_json.h"
#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// A published checkpoint's shape, by its short name.
struct NamedShape {
  std::string name;
  Config config;
};

/// How one family writes the configuration of a decoder in its config.json. A family is data: what it changes in the
/// forward pass is a fact of Config.
struct Family {
  std::string model_type;                        ///< by which config.json is recognised
  std::string architecture;                      ///< as transformers names the class
  const std::vector<TensorRow>& (*tensors)();    ///< of its checkpoints, in the order of the pass
  Config (*read)(const Fields&);                 ///< strictly; refuses by name what the forward pass does not do
  nlohmann::ordered_json (*own)(const Config&);  ///< fields of a config.json beside those that every family has
  std::vector<NamedShape> (*shapes)();
};

/// All of them, by the list in families.cpp.
const std::vector<Family>& families();
const Family& family_of(const Config&);

}  // namespace sinkscope::model
