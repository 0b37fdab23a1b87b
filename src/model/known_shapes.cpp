#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/families/family.h"
#include "sinkscope/error.h"
#include "sinkscope/model/random_checkpoint.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::model {

std::vector<std::string> known_shapes() {
  std::vector<std::string> names;
  for (const auto& family : families()) {
    for (const auto& shape : family.shapes()) names.push_back(shape.name);
  }
  return names;
}

Config known_shape(const std::string& name) {
  for (const auto& family : families()) {
    for (const auto& shape : family.shapes()) {
      if (shape.name == name) return shape.config;
    }
  }
  throw InputError(fmt::format("no shape is named '{}'; the nearest is '{}' (known: {})", name,
                               nearest(name, known_shapes()), fmt::join(known_shapes(), ", ")));
}

}  // namespace sinkscope::model
