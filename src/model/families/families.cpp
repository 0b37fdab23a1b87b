#include <algorithm>

#include "model/families/family.h"

namespace sinkscope::model {

// families/NAME.cpp defines each.
Family llama();
Family mistral();
Family qwen2();
Family qwen3();

const std::vector<Family>& families() {
  static const std::vector<Family> list = {qwen3(), qwen2(), llama(), mistral()};
  return list;
}

const Family& family_of(const Config& config) {
  return *std::find_if(families().begin(), families().end(),
                       [&](const Family& family) { return family.model_type == config.model_type; });
}

}  // namespace sinkscope::model
