#pragma once

#include <string>
#include <vector>

#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/trials/runner.h"

namespace sinkscope::trials::search {

/// The condition under which a later token gets the signal of the first: it sees only itself in layers 0 to `last`.
struct Alone {
  int64_t token = 8;
  int64_t last = 0;
  bool makes_sink = false;      ///< the token then has half of what token 0 has, on the half that chooses
  std::string run() const;      ///< the name of its run
  std::string all_run() const;  ///< the same for every token
  std::vector<int64_t> layers() const;
  intervene::AttentionCondition condition() const;
};

/// The runs that any of them may be: declared before the sink is known.
intervene::Runs alone_runs(int64_t token, int64_t layers);

/// The fewest first layers, all below the sink's, that make the token a sink; all of them where none do.
Alone find_alone(Runner&, int64_t token);

}  // namespace sinkscope::trials::search
