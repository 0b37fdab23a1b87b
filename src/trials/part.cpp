#include "sinkscope/trials/part.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials {

std::vector<Part> cut_parts(const app::Run& r, const at::Tensor& samples) {
  std::vector<Part> parts;
  const int64_t count = samples.size(0);
  for (int64_t first = 0; first < count; first += r.batch_size()) {
    const int64_t n = std::min(r.batch_size(), count - first);
    const auto chosen = samples.slice(0, first, first + n);
    std::vector<int64_t> lengths;
    for (const int64_t sample : model::to_int_vector(chosen))
      lengths.push_back(r.lengths()[static_cast<size_t>(sample)]);
    parts.push_back({.batch = {.ids = r.all_ids().index_select(0, chosen), .first = first, .n = n, .lengths = lengths},
                     .samples = chosen});
  }
  return parts;
}

}  // namespace sinkscope::trials
