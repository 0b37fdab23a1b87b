#include "experiments/identify/commonest.h"

#include <ATen/ATen.h>

#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments::identification {

nlohmann::json commonest_ids(const at::Tensor& ids, const at::Tensor& places) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t id : model::to_int_vector(ids.masked_select(places))) ++counts[id];
  return commonest(counts, [](int64_t id) { return nlohmann::json{{"id", id}}; });
}

}  // namespace sinkscope::experiments::identification
