#include "sinkscope/measure/smallest_set.h"

#include <algorithm>

namespace sinkscope::measure {
namespace {

using Enough = std::function<bool(const std::vector<int64_t>&)>;

constexpr int64_t kMostDrops = 32;  // tried with steps of one size

std::optional<std::vector<int64_t>> shortest_prefix(const std::vector<int64_t>& order, const Enough& enough) {
  const auto all = static_cast<int64_t>(order.size());
  for (int64_t length = 1; length > 0 && all > 0; length = length == all ? 0 : std::min(2 * length, all)) {
    std::vector<int64_t> prefix(order.begin(), order.begin() + length);
    if (enough(prefix)) return prefix;
  }
  return std::nullopt;
}

/// Drops whatever run of `step` members can go, from the back.
std::vector<int64_t> drop(std::vector<int64_t> set, int64_t step, const Enough& enough) {
  for (auto end = static_cast<int64_t>(set.size()); end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - step);
    auto rest = set;
    rest.erase(rest.begin() + begin, rest.begin() + end);
    if (!rest.empty() && enough(rest)) set = std::move(rest);
    end = begin;
  }
  return set;
}

}  // namespace

std::optional<SmallestSet> smallest_set(const std::vector<int64_t>& order, const Enough& enough) {
  const auto prefix = shortest_prefix(order, enough);
  if (!prefix) return std::nullopt;
  SmallestSet found{*prefix, prefix->size() == 1};
  const auto first = static_cast<int64_t>(prefix->size());
  for (int64_t step = first / 2; step >= 1; step /= 2) {
    if (static_cast<int64_t>(found.members.size()) > kMostDrops * step) break;
    found.members = drop(std::move(found.members), step, enough);
    found.each_needed = step == 1;
  }
  return found;
}

}  // namespace sinkscope::measure
