#include "sinkscope/trials/edited_layers.h"

#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/error.h"
#include "sinkscope/model/points.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::trials {

std::vector<int64_t> parse_layers(const std::string& list, const model::Config& config, const char* option) {
  auto layers = parse_int_list(list, option);
  for (const int64_t layer : layers) model::check_layer(layer, config, option);
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

void check_before_sink(const std::vector<int64_t>& layers, int64_t sink_layer) {
  if (sink_layer < 0 || layers.back() < sink_layer) return;
  throw InputError(
      fmt::format("--layers: the sink is read in layer {}, which the attention output of layer {} does "
                  "not reach",
                  sink_layer, layers.back()));
}

}  // namespace sinkscope::trials
