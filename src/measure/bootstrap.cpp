#include "sinkscope/measure/bootstrap.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::measure {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A number below `count`, the same on every machine.
int64_t draw_below(std::mt19937_64& generator, int64_t count) {
  return static_cast<int64_t>(generator() % static_cast<uint64_t>(count));
}

/// For each text, which of `names`, the documents in their order, are its own.
std::vector<std::vector<int64_t>> places_by_text(const std::vector<int64_t>& names,
                                                 const std::vector<int64_t>& documents,
                                                 const std::vector<int64_t>& texts) {
  std::map<int64_t, std::set<int64_t>> by_text;
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto place = std::lower_bound(names.begin(), names.end(), documents[i]) - names.begin();
    by_text[texts.empty() ? 0 : texts.at(i)].insert(place);
  }
  std::vector<std::vector<int64_t>> places;
  for (const auto& [text, some] : by_text) places.emplace_back(some.begin(), some.end());
  return places;
}

}  // namespace

Bootstrap::Bootstrap(const std::vector<int64_t>& documents, uint64_t seed, const std::vector<int64_t>& texts,
                     int64_t draws)
    : documents_(at::tensor(documents, at::kLong)) {
  const std::set<int64_t> distinct(documents.begin(), documents.end());
  const std::vector<int64_t> names(distinct.begin(), distinct.end());
  const auto count = static_cast<int64_t>(names.size());
  const auto by_text = places_by_text(names, documents, texts);
  auto belongs = at::zeros({count, documents_.size(0)}, at::kDouble);  // [documents, samples]
  for (int64_t d = 0; d < count; ++d) belongs[d].copy_(documents_ == names[d]);
  auto drawn = at::zeros({draws, count}, at::kDouble);
  auto* times = drawn.data_ptr<double>();
  std::mt19937_64 generator(seed);
  for (int64_t i = 0; i < draws; ++i) {
    for (const auto& places : by_text) {
      const auto size = static_cast<int64_t>(places.size());
      for (int64_t d = 0; d < size; ++d) times[i * count + places[draw_below(generator, size)]] += 1;
    }
  }
  counts_ = at::matmul(drawn, belongs);
}

Bootstrap Bootstrap::over(const at::Tensor& chosen) const {
  Bootstrap part;
  part.counts_ = counts_ * chosen.to(at::kDouble);
  part.documents_ = at::where(chosen, documents_, -1);
  return part;
}

Bootstrap::Interval Bootstrap::interval(const at::Tensor& values) const {
  const auto known = values.isfinite().logical_and(documents_ >= 0);
  Interval found{kNone, kNone, kNone, known.sum().item<int64_t>()};
  if (found.n == 0) return found;
  const auto there = known.to(at::kDouble), clean = at::where(known, values, at::zeros_like(values));
  found.mean = (clean.sum() / there.sum()).item<double>();
  const auto texts = model::to_vector(documents_.masked_select(known));
  if (std::set<double>(texts.begin(), texts.end()).size() < 2) return found;
  const auto weights = at::matmul(counts_, there);  // a draw without any sample says nothing
  const auto means = model::to_vector((at::matmul(counts_, clean) / weights).masked_select(weights > 0));
  auto sorted = means;
  std::sort(sorted.begin(), sorted.end());
  found.low = quantile(sorted, 0.025);
  found.high = quantile(sorted, 0.975);
  return found;
}

nlohmann::json to_json(const Bootstrap::Interval& i) {
  return {{"mean", finite(i.mean)}, {"ci95", {finite(i.low), finite(i.high)}}, {"n", i.n}};
}

const char* reading(const Bootstrap::Interval& i, double bound) {
  if (!std::isfinite(i.low) || !std::isfinite(i.high)) return "undecided";
  if (i.low >= -bound && i.high <= bound) return "no effect";
  return (i.low > 0 || i.high < 0) && std::abs(i.mean) > bound ? "effect" : "undecided";
}

}  // namespace sinkscope::measure
