#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

namespace sinkscope::experiments::identification {

/// The five commonest, each described by `describe` with its "count".
template <class Key, class Describe>
nlohmann::json commonest(const std::map<Key, int64_t>& counts, const Describe& describe) {
  constexpr size_t kMost = 5;
  std::vector<std::pair<Key, int64_t>> list(counts.begin(), counts.end());
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  auto rows = nlohmann::json::array();
  for (size_t i = 0; i < std::min(kMost, list.size()); ++i) {
    rows.push_back(describe(list[i].first));
    rows.back()["count"] = list[i].second;
  }
  return rows;
}

/// The ids [samples, T] at these places [samples, T] bool: [{"id", "count"}].
nlohmann::json commonest_ids(const at::Tensor& ids, const at::Tensor& places);

}  // namespace sinkscope::experiments::identification
