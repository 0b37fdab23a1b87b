#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/gate_readout/mlp_activations.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {

/// What reads: the neurons of the MLP, or what an MLP writes into a dimension.
enum class Reader { neurons, written };
const char* name(Reader);

/// Read-outs of one site that are edited together.
struct ReadOutGroup {
  std::string name = {};
  Reader reader = Reader::neurons;
  std::vector<ReadOut> reads = {};
};

/// Cosines of the first three neurons' mean directions, eigenvalues of that matrix over their sum, effective rank.
nlohmann::json gram_of(const ReadOutGroup&);

struct GroupTrials {
  std::vector<intervene::Trial> list = {};
  std::string unseen = {};  ///< why groups have none; empty: all have
};

/// Of every group whose site the sink comes after: the span of its mean directions, and the first of them, out at token
/// 0; and what token 0 holds in it at `token`.
GroupTrials group_trials(const std::vector<ReadOutGroup>&, const trials::Runner&, int64_t token);

/// Writes the mean directions beside the result, a tensor [read-outs, d] a group; gives where each is.
nlohmann::json write_directions(const std::vector<ReadOutGroup>&, const std::filesystem::path& out);

}  // namespace sinkscope::experiments
