#include "experiments/rope_swap/conditions.h"

#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments::rope {
namespace {

std::vector<int64_t> parse_targets(const std::string& list, int64_t T) {
  std::vector<int64_t> targets;
  for (const auto& part : split(list, ',')) {
    for (const int64_t p : part == "last" ? std::vector{T - 1} : parse_int_list(part, "--first-to"))
      targets.push_back(p);
  }
  return targets;
}

/// "" names none.
std::vector<int64_t> parse_tokens(const std::string& list, const char* option) {
  return list.empty() ? std::vector<int64_t>{} : parse_int_list(list, option);
}

/// Count and position of "4:64".
std::pair<int64_t, int64_t> parse_block(const std::string& block) {
  const auto parts = split(block, ':');
  if (parts.size() != 2) throw InputError(fmt::format("--blocks: expected count:position, found '{}'", block));
  const int64_t count = parse_int(parts[0], "--blocks"), to = parse_int(parts[1], "--blocks");
  if (count < 1) throw InputError(fmt::format("--blocks: '{}': expected a count of 1 or more", block));
  return {count, to};
}

}  // namespace

std::vector<Condition> conditions(const Changes& changes, int64_t T,
                                  const std::function<void(const std::string&)>& left_out) {
  const auto plain = intervene::in_order(T);
  std::vector<Condition> list{{"baseline", "baseline", plain, {}}};
  const auto add = [&](int64_t needs, Condition condition) {
    needs < T ? list.push_back(std::move(condition)) : left_out(condition.name);
  };
  const auto at_most = [T](int64_t token) { return std::min(token, T - 1); };
  for (const int64_t p : parse_targets(changes.first_to, T)) {
    add(0, {fmt::format("first-to-{}", p), "first_moved", intervene::set_position(plain, 0, p), 1});
  }
  for (const int64_t t : parse_tokens(changes.others_to_zero, "--others-to-zero")) {
    add(t, {fmt::format("{}-to-0", t), "other_to_zero", intervene::set_position(plain, at_most(t), 0), t});
  }
  for (const int64_t t : parse_tokens(changes.swaps, "--swaps")) {
    add(t, {fmt::format("swap-0-{}", t), "swap", intervene::swap_positions(plain, 0, at_most(t)), t});
  }
  for (const auto& block : split(changes.blocks, ',')) {
    const auto [count, to] = parse_block(block);
    add(count, {fmt::format("block-{}-to-{}", count, to), "block", intervene::move_block(plain, std::min(count, T), to),
                count});
  }
  add(0, {fmt::format("shift-{}", changes.shift), "shift", intervene::shift_all(plain, changes.shift), {}});
  add(0, {"reverse", "reverse", intervene::reversed(T), T - 1});
  return list;
}

}  // namespace sinkscope::experiments::rope
