#include "sinkscope/app/batches.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace sinkscope::app {

int64_t longest_of(const std::vector<std::vector<int64_t>>& samples) {
  size_t longest = 0;
  for (const auto& sample : samples) longest = std::max(longest, sample.size());
  return static_cast<int64_t>(longest);
}

Batches cut_batches(const std::vector<std::vector<int64_t>>& samples, int64_t batch_size) {
  const auto count = static_cast<int64_t>(samples.size());
  Batches all;
  all.longest = longest_of(samples);
  all.batch_size = batch_size;
  all.ids = at::zeros({count, all.longest}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    all.lengths.push_back(static_cast<int64_t>(samples[i].size()));
    all.ids[i].slice(0, 0, all.lengths[i]).copy_(at::tensor(samples[i], at::kLong));
  }
  for (int64_t first = 0; first < count; first += batch_size) {
    const int64_t n = std::min(batch_size, count - first);
    all.list.push_back({.ids = all.ids.slice(0, first, first + n),
                        .first = first,
                        .n = n,
                        .lengths = {all.lengths.begin() + first, all.lengths.begin() + first + n}});
  }
  return all;
}

}  // namespace sinkscope::app
