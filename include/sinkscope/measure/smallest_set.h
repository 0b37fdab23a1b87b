#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sinkscope::measure {

struct SmallestSet {
  std::vector<int64_t> members;
  bool each_needed = false;  ///< no single member can go; false where the search ended with coarser steps
};

/// A small set of which `enough` is true, from candidates in order of promise: the shortest prefix among those of 1, 2,
/// 4, ... members and all, then backward elimination, last members first, in steps of half the prefix, a quarter, down
/// to one, as long as a step is at least a 32nd of what is left. Another set may be smaller. None where not even all
/// are enough.
std::optional<SmallestSet> smallest_set(const std::vector<int64_t>& order,
                                        const std::function<bool(const std::vector<int64_t>&)>& enough);

}  // namespace sinkscope::measure
