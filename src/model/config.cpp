#include "sinkscope/model/config.h"

namespace sinkscope::model {

int64_t parameter_count(const Config& config) {
  int64_t count = 0;
  for (const auto& spec : tensor_specs(config)) {
    int64_t numbers = 1;
    for (const int64_t size : spec.shape) numbers *= size;
    count += numbers;
  }
  return count;
}

}  // namespace sinkscope::model
