#include "sinkscope/intervene/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::intervene {
namespace {

void check_token(int64_t token, const Positions& positions) {
  const auto T = static_cast<int64_t>(positions.size());
  if (token < 0 || token >= T) {
    throw InputError(fmt::format("rotary position of token {}: samples have {} tokens (0 to {})", token, T, T - 1));
  }
}

}  // namespace

Positions in_order(int64_t T) {
  Positions positions(T);
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

Positions set_position(Positions positions, int64_t token, int64_t position) {
  check_token(token, positions);
  positions[token] = position;
  return positions;
}

Positions swap_positions(Positions positions, int64_t a, int64_t b) {
  check_token(a, positions);
  check_token(b, positions);
  std::swap(positions[a], positions[b]);
  return positions;
}

Positions move_block(Positions positions, int64_t count, int64_t to) {
  check_token(count - 1, positions);
  std::iota(positions.begin(), positions.begin() + count, to);
  return positions;
}

Positions shift_all(Positions positions, int64_t by) {
  for (auto& position : positions) position += by;
  return positions;
}

Positions reversed(int64_t T) {
  auto positions = in_order(T);
  std::reverse(positions.begin(), positions.end());
  return positions;
}

Positions parse_positions(const std::string& spec, int64_t T) {
  auto positions = in_order(T);
  for (const auto& part : split(spec, ',')) {
    const auto sides = split(part, '=');
    if (sides.size() != 2) throw InputError(fmt::format("--positions: '{}' is not token=position", part));
    positions = set_position(positions, parse_int(sides[0], "--positions"), parse_int(sides[1], "--positions"));
  }
  return positions;
}

}  // namespace sinkscope::intervene
