#include "experiments/identify/largest.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace sinkscope::experiments::identification {

nlohmann::json largest(const at::Tensor& by_layer, int64_t most, int64_t first_layer, const Named& named) {
  auto rows = nlohmann::json::array();
  const auto flat = by_layer.flatten();
  const auto order = std::get<1>(flat.abs().topk(std::min(most, flat.numel())));
  for (int64_t i = 0; i < order.numel(); ++i) {
    const auto place = order[i].item<int64_t>();
    rows.push_back({{"layer", first_layer + place / by_layer.size(1)},
                    {named.column, place % by_layer.size(1)},
                    {named.value, flat[place].item<double>()}});
  }
  return rows;
}

}  // namespace sinkscope::experiments::identification
