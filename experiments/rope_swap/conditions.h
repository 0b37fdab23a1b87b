#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/intervene/positions.h"

namespace sinkscope::experiments::rope {

/// Which rotary positions are changed, as the command line spells it.
struct Changes {
  std::string first_to = "1,8,64,last";           ///< positions for token 0; `last` is T-1
  std::string others_to_zero = "1,4,8,10,14,16";  ///< tokens that get position 0
  std::string swaps = "1,8";                      ///< tokens that exchange positions with token 0
  std::string blocks = "4:64";                    ///< count:position, the first tokens moved as a block
  int64_t shift = 100;                            ///< added to every position
};

/// One run of the samples: the rotary position of every token.
struct Condition {
  std::string name, kind;
  intervene::Positions positions;
  std::optional<int64_t> rope_first;  ///< the token whose rotary position is the lowest, where that is not token 0
};

/// The baseline, the changes, the shift and the reversed order, for samples of T tokens. A condition that names a token
/// beyond them is left out and its name given to `left_out`: the defaults are for 512. Throws InputError.
std::vector<Condition> conditions(const Changes&, int64_t T, const std::function<void(const std::string&)>& left_out);

}  // namespace sinkscope::experiments::rope
