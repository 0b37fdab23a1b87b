#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sinkscope::intervene {

/// Rotary positions of T tokens, one a token. All of these leave the causal mask where it is.
using Positions = std::vector<int64_t>;

/// 0, 1, 2, ..., T-1
Positions in_order(int64_t T);

/// `token` gets `position`, nothing else moves. Throws InputError for a token that is not below T.
Positions set_position(Positions, int64_t token, int64_t position);

/// Two tokens exchange their positions.
Positions swap_positions(Positions, int64_t a, int64_t b);

/// The first `count` tokens move as a block: token i gets `to` + i.
Positions move_block(Positions, int64_t count, int64_t to);

/// Every position grows by `by`.
Positions shift_all(Positions, int64_t by);

/// T-1, ..., 1, 0
Positions reversed(int64_t T);

/// "0=8,8=0": token=position, applied to positions in order. Throws InputError.
Positions parse_positions(const std::string& spec, int64_t T);

}  // namespace sinkscope::intervene
